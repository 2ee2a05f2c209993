#!/usr/bin/env bash
# `npm run test:kill`: strikes GUTS's daemons at every point and looks at what is left; `-- --help` tells the options,
# `-- --list` the points: before and after every write of the journal and every request that changes something outside.
# Without options every point in every mode (more than a thousand runs: hours), on SQLite and on private PostgreSQL and RabbitMQ servers, where these are
# installed. `-- --runs 340` strikes every point in one mode or another, in most of an hour on two cores that do
# nothing else; `-- --runs 40` takes a few minutes. Nothing it starts outlives it.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$HERE/../.."
# shellcheck source=../real/databases/servers.sh
. lab/real/databases/servers.sh
# shellcheck source=../real/rabbitmq/broker.sh
. lab/real/rabbitmq/broker.sh
# shellcheck source=servers.sh
. lab/kill/servers.sh
main=
# Its daemons are in its session: what it leaves, however it ended, goes with that.
stop_all() {
  trap '' INT TERM HUP
  set +e
  if [ -n "$main" ]; then
    kill -TERM "$main" 2>/dev/null && timeout 20 tail --pid="$main" -f /dev/null
    kill -KILL -- "-$main" 2>/dev/null
    wait "$main" 2>/dev/null
  fi
  [ -z "$BROKER_DIR" ] || stop_broker
  stop_databases
}
trap stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

database=postgresql servers=yes
for argument in "$@"; do
  case $argument in
    --mariadb) database=mariadb ;;
    --backend=embedded | embedded) servers= ;;
    --help) servers= ;;
  esac
done
[ -x node_modules/.bin/tsx ] || npm ci --no-audit --no-fund
npm run --silent build
if [ -n "$servers" ]; then
  if why=$(servers_missing "$database"); then
    echo "without servers, for $why: no connection to a database or broker is cut"
  else
    start_kill_database "$database"
    start_kill_broker 16
  fi
fi
# Its own session, so that Ctrl-C reaches this shell alone.
setsid node --import tsx lab/kill/src/main.ts "$@" &
main=$!
status=0
wait "$main" || status=$?
exit "$status"
