#!/usr/bin/env bash
# `npm run bench:dashboard`: builds, and as root on Debian installs Chromium where it is missing. For the options see main.ts.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$HERE/../.."
if ! [ -x "${GUTS_CHROMIUM:-/usr/bin/chromium}" ]; then
  [ "$(id -u)" = 0 ] || { echo "bench:dashboard needs Debian's chromium, or GUTS_CHROMIUM" >&2; exit 2; }
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
fi
npm run --silent build
exec npx tsx bench/dashboard/main.ts "$@"
