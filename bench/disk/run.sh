#!/usr/bin/env bash
# `npm run bench:disk`: disks copied beside nbdcopy, qemu-img and the way of 2016. As root on Debian 12 it installs what
# it needs (nbdkit, nbdcopy, qemu-img, time) and builds vcsim; else they must be there. For the options see main.ts.
# BENCH_DIR has room for about 20 GiB (default: a folder of the temporary one).
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$HERE/../.."
: "${LAB_CACHE:=/var/cache/guts-real}"
export GUTS_VCSIM=${GUTS_VCSIM:-$LAB_CACHE/vcsim/bin/vcsim}
missing=()
for pair in nbdkit:nbdkit nbdcopy:libnbd-bin qemu-img:qemu-utils curl:curl; do
  command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
done
[ -x /usr/bin/time ] || missing+=(time)
ldconfig -p | grep libdeflate.so.0 >/dev/null || missing+=(libdeflate0)
if [ ${#missing[@]} -gt 0 ]; then
  [ "$(id -u)" = 0 ] || { echo "bench:disk needs ${missing[*]}" >&2; exit 2; }
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
[ -x "$GUTS_VCSIM" ] || lab/real/vcsim/build.sh
# Benches into a real OpenStack bring it up, and leave it up.
only=,3,7,
args=" $* "
if [[ $args == *' --only '* ]]; then
  only=${args##* --only }
  only=",${only%% *},"
fi
case $only in
  *,3,*|*,7,*)
    [ "$(id -u)" = 0 ] || { echo "bench:disk: 3 and 7 need root: they run a real OpenStack" >&2; exit 2; }
    export LAB_CACHE LAB_STATE=${LAB_STATE:-/tmp/guts-real}
    lab/real/openstack/install.sh
    lab/real/openstack/up.sh
    npm run --silent build
    ;;
esac
exec node --import tsx bench/disk/main.ts "$@"
