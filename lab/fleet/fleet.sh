#!/usr/bin/env bash
# Many daemons on a real PostgreSQL or MariaDB and a real RabbitMQ, all private and stopped at the end; see src/main.ts
# for the options, which follow.
#
#   fleet.sh [--mariadb] [options of src/main.ts]
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$HERE/../.."
# shellcheck source=../real/databases/servers.sh
. lab/real/databases/servers.sh
# shellcheck source=../real/rabbitmq/broker.sh
. lab/real/rabbitmq/broker.sh
stop_all() {
  stop_broker
  stop_databases
}
trap stop_all EXIT
start_databases
start_broker
BASE=$GUTS_TEST_POSTGRESQL
if [ "${1:-}" = --mariadb ]; then
  shift
  BASE=$GUTS_TEST_MARIADB
  mariadb --no-defaults -uroot -S "$DATABASE_DIR/maria/socket" -e 'create database fleet; create database one'
else
  psql -q -h 127.0.0.1 -p "${BASE##*:}" -U guts postgres -c 'create database fleet' -c 'create database one'
fi
export GUTS_DATABASE_URL="$BASE/fleet" GUTS_BASELINE_DATABASE_URL="$BASE/one" GUTS_BUS_URL="$GUTS_TEST_RABBITMQ"
npx tsx lab/fleet/src/main.ts "$@"
