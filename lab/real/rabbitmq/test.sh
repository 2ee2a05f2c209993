#!/usr/bin/env bash
# The suite of packages/bus on a real RabbitMQ, which is killed and started again in the middle; notifications are
# read by oslo.messaging itself. As root on Debian 12, or as anybody where rabbitmq-server is installed.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$HERE/../../.."
# shellcheck source=broker.sh
. "$HERE/broker.sh"
trap stop_broker EXIT
install_oslo
start_broker
npx vitest run --config lab/real/servers/vitest.config.ts packages/bus/test/real
