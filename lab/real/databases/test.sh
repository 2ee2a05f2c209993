#!/usr/bin/env bash
# The suite of packages/store on a real PostgreSQL and a real MariaDB: private instances below a temporary folder, on
# free ports of loopback, stopped at the end.  As root on Debian 12, or as anybody where the servers are installed.
#
#   test.sh [--keep-up FILE]   --keep-up: leaves them running, and writes their URLs and pids to FILE as shell variables
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$HERE/../../.."
KEEP=
[ "${1:-}" = --keep-up ] && KEEP=${2:?--keep-up needs a file}
# shellcheck source=servers.sh
. "$HERE/servers.sh"
[ -n "$KEEP" ] || trap stop_databases EXIT
start_databases
if [ -n "$KEEP" ]; then
  printf 'GUTS_TEST_POSTGRESQL=%q\nGUTS_TEST_MARIADB=%q\nDATABASE_PIDS=%q\nDATABASE_DIR=%q\n' \
    "$GUTS_TEST_POSTGRESQL" "$GUTS_TEST_MARIADB" "$DATABASE_PIDS" "$DATABASE_DIR" >"$KEEP"
  exit 0
fi
npx vitest run --config lab/real/servers/vitest.config.ts packages/store/test/real
