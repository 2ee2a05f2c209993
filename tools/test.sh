#!/usr/bin/env bash
# `npm test`: installs what it needs and runs what runs without root, but for the slow rest (`npm run test:long`),
# printing each stage's time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/time-limit.sh
LIMIT=360
stage() {
  local name=$1 began=$SECONDS
  shift
  printf '\n=== %s\n' "$name"
  if "$@"; then printf '=== %s: ok, %d s\n' "$name" $((SECONDS - began)); else
    printf '=== %s: FAILED after %d s\n' "$name" $((SECONDS - began)) >&2
    exit 1
  fi
}
[ -x node_modules/.bin/vitest ] || stage install npm ci --no-audit --no-fund
stage lint npm run --silent lint
stage build npm run --silent build
stage unit npm run --silent unit
printf '\n=== npm test: ok, %s\n' "$(beside_limit "$SECONDS" "$LIMIT")"
