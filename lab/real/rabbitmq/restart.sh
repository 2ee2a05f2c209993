#!/usr/bin/env bash
# restart.sh: kills the broker that broker.sh started (SIGKILL) and starts it again on the same data; for tests.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=broker.sh
. "$HERE/broker.sh"
BROKER_DIR=${GUTS_TEST_RABBITMQ_DIR:?}
# shellcheck disable=SC1091
. "$BROKER_DIR/ports"
# shellcheck disable=SC2046
kill -KILL $(broker_pids beam.smp)
while (exec 3<>"/dev/tcp/127.0.0.1/$AMQP_PORT") 2>/dev/null; do sleep 0.1; done
sleep "${1:-0}"
start_broker
disown -a
