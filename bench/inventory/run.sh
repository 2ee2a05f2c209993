#!/usr/bin/env bash
# `npm run bench:inventory`: reading an inventory beside govc and pyvmomi, all from VMware's vcsim. Builds vcsim and govc
# first where they are missing (lab/real/vcsim/build.sh: root, Debian 12). For the options see main.ts.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$HERE/../.."
: "${LAB_CACHE:=/var/cache/guts-real}"
export GUTS_VCSIM=${GUTS_VCSIM:-$LAB_CACHE/vcsim/bin/vcsim} GOVC=${GOVC:-$LAB_CACHE/vcsim/bin/govc}
if ! [ -x "$GUTS_VCSIM" ] || ! [ -x "$GOVC" ]; then lab/real/vcsim/build.sh; fi
/usr/bin/python3 -W ignore -c 'import pyVmomi' 2>/dev/null ||
  { echo "bench:inventory needs pyvmomi: apt-get install python3-pyvmomi" >&2; exit 2; }
exec node --import tsx bench/inventory/main.ts "$@"
