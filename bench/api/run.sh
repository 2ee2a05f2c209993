#!/usr/bin/env bash
# `npm run bench:api`: requests per second of guts-api beside those of a real Cinder and a real Nova, which must be up
# (lab/real/openstack/up.sh). Each is one process and asked alone, with the same tool and token; guts-api asks the same
# Keystone and keeps its rows in a private PostgreSQL. For the options see main.ts. Needs Debian's wrk, as root.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$HERE/../.."
# shellcheck source=../../lab/real/databases/servers.sh
. lab/real/databases/servers.sh
command -v wrk >/dev/null || { echo "bench:api needs wrk: apt-get install wrk" >&2; exit 2; }
: "${LAB_STATE:=/tmp/guts-real}"
export OS_CLIENT_CONFIG_FILE=${OS_CLIENT_CONFIG_FILE:-$LAB_STATE/clouds.yaml}
[ -e "$OS_CLIENT_CONFIG_FILE" ] || { echo "bench:api needs a real OpenStack: run lab/real/openstack/up.sh" >&2; exit 2; }
trap stop_databases EXIT
start_databases
psql -q -h 127.0.0.1 -p "${GUTS_TEST_POSTGRESQL##*:}" -U guts postgres -c 'create database bench'
export GUTS_DATABASE_URL="$GUTS_TEST_POSTGRESQL/bench"
npx tsx bench/api/main.ts "$@"
