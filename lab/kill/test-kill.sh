#!/usr/bin/env bash
# `npm run test:kill`: strikes GUTS's daemons at every point and looks at what is left; see src/main.ts for options.
# Every point in every mode takes most of an hour on two cores; `-- --runs 40` a few minutes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
[ -x node_modules/.bin/tsx ] || npm ci --no-audit --no-fund
npm run --silent build
exec npx tsx lab/kill/src/main.ts "$@"
