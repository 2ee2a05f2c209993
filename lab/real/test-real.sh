#!/usr/bin/env bash
# `npm run test:real`: GUTS against real peers, as root on Debian 12.  Brings up a real OpenStack, VMware's vcsim and
# govc, and two guests that say who they are; runs the suite of lab/real/test and the fake vCenter's client proofs, the
# store's and the bus's suites on real servers, and many daemons on those while some are killed.
#
#   test-real.sh [--down] [--only NAME] ...
#     --down        stops the OpenStack at the end (it is left up otherwise: the next run starts 1-2 minutes faster)
#     --only NAME   runs only the files of lab/real/test whose path contains NAME; may be repeated
# Environment: LAB_STATE (default /tmp/guts-real), LAB_CACHE (default /var/cache/guts-real).
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$HERE/../.."
. tools/time-limit.sh
LIMIT=1800
: "${LAB_STATE:=/tmp/guts-real}" "${LAB_CACHE:=/var/cache/guts-real}"
export LAB_STATE LAB_CACHE
DOWN=0 ONLY=()
while [ $# -gt 0 ]; do
  case $1 in
    --down) DOWN=1; shift ;;
    --only) ONLY+=("${2:?--only needs a name}"); shift 2 ;;
    *) sed -n '2,8p' "$0" | cut -c3- >&2; exit 2 ;;
  esac
done
[ "$(id -u)" = 0 ] || { echo "test:real: needs root: it runs a real OpenStack" >&2; exit 1; }

# The suite compares what a project holds before and after, and removes what is new: one run at a time.
mkdir -p "$LAB_STATE"
exec 8>"$LAB_STATE/test-real.lock"
flock -n 8 || { echo "test:real: another run uses $LAB_STATE" >&2; exit 1; }

SUMMARY=()
finish() {
  local code=$? log
  # Again at the end, where whoever reads only that looks: the whole is thousands of lines.
  if [ $code -ne 0 ]; then
    for log in "$LAB_STATE"/suites/*.failed; do
      if [ -e "$log" ]; then printf '\n=== the end of what %s printed\n' "$(basename "$log" .failed)"; tail -n 100 "$log"; fi
    done
  fi
  printf '\n=== stages\n'
  printf '%s\n' "${SUMMARY[@]}"
  if [ $code -eq 0 ]; then printf '=== test:real: ok, %s\n' "$(beside_limit "$SECONDS" "$LIMIT")"; else
    printf '=== test:real: FAILED after %s\n' "$(beside_limit "$SECONDS" "$LIMIT")" >&2
  fi
}
rm -rf "$LAB_STATE/suites"
mkdir -p "$LAB_STATE/suites"
trap finish EXIT
stage() {
  local name=$1 began=$SECONDS code=0
  shift
  printf '\n=== %s\n' "$name"
  "$@" 8>&- || code=$?
  if [ $code -eq 0 ]; then SUMMARY+=("$(printf '%5d s  ok      %s' $((SECONDS - began)) "$name")"); else
    SUMMARY+=("$(printf '%5d s  FAILED  %s' $((SECONDS - began)) "$name")")
    return "$code"
  fi
}
# A suite by vitest; what it prints is kept when it fails.
suite() {
  local name=$1 code=0
  shift
  npx vitest run "$@" 2>&1 | tee "$LAB_STATE/suites/$name" || code=$?
  if [ $code -ne 0 ]; then mv "$LAB_STATE/suites/$name" "$LAB_STATE/suites/$name.failed"; fi
  return $code
}
guests() {
  mkdir -p "$LAB_STATE/img"
  for firmware in bios uefi; do
    if [ "$LAB_STATE/img/$firmware.raw" -nt lab/real/guest/build-guest-image.sh ]; then continue; fi
    lab/real/guest/build-guest-image.sh --firmware "$firmware" "$LAB_STATE/img/$firmware.tmp"
    mv "$LAB_STATE/img/$firmware.tmp" "$LAB_STATE/img/$firmware.raw"
  done
}

[ -x node_modules/.bin/vitest ] || stage 'npm ci' npm ci --no-audit --no-fund
stage 'Debian packages' lab/real/openstack/install.sh
stage 'OpenStack up' lab/real/openstack/up.sh
stage 'guests' guests
stage 'vcsim and govc' lab/real/vcsim/build.sh "$LAB_CACHE/vcsim"
stage 'nbdkit with its vddk plugin, and a stand-in for VDDK' lab/real/vddk/build.sh "$LAB_CACHE/vddk"
stage 'build' npm run --silent build
failed=0
stage 'vmdk-convert and mkova' lab/real/vmdk/fetch.sh "$LAB_CACHE/vmdk" || failed=1
export GUTS_OPEN_VMDK="$LAB_CACHE/vmdk/bin"
export GUTS_VCSIM="$LAB_CACHE/vcsim/bin/vcsim" GOVC="$LAB_CACHE/vcsim/bin/govc" GUTS_REQUIRE_TOOLS=1
stage 'fakes and disk formats against govc, pyvmomi, openstack and qemu-img' \
  suite fakes-and-disks lab/vcenter lab/cloud packages/disk || failed=1
stage 'the dashboard in a browser, beside the fakes' suite dashboard packages/dashboard || failed=1
openstack_client() {   # the suite that `npm test` runs against the fake cloud
  GUTS_TEST_CLOUD_FILE="$LAB_STATE/clouds.yaml" GUTS_TEST_CLOUD=lab-demo GUTS_TEST_ADMIN_CLOUD=lab \
    GUTS_TEST_READER_CLOUD=lab-demo-reader GUTS_TEST_SMALL_CLOUD=lab-demo2 \
    GUTS_TEST_APPCRED_CLOUD=lab-demo-appcred suite openstack-client packages/openstack/test
}
stage 'OpenStack client against a real cloud' openstack_client || failed=1
stage 'migrations and clients against real peers' \
  suite migrations --config lab/real/vitest.config.ts ${ONLY[@]+"${ONLY[@]}"} || failed=1
if [ ${#ONLY[@]} -eq 0 ]; then
  stage 'store on real PostgreSQL and MariaDB' lab/real/databases/test.sh || failed=1
  stage 'bus on a real RabbitMQ that is killed in the middle' lab/real/rabbitmq/test.sh || failed=1
  stage 'two api, two schedulers, three workers, one of each killed' lab/fleet/fleet.sh --kill || failed=1
fi
if [ $DOWN = 1 ]; then stage 'OpenStack down' lab/real/openstack/down.sh; fi
exit $failed
