#!/bin/bash
# VMware's simulator (vcsim) and command line (govc) 0.24.2, from Debian 12's packages alone:
# golang-go compiles; the SOURCE package golang-github-vmware-govmomi holds vcsim's and govc's
# main packages, which the binary -dev package leaves out; the rest comes from -dev packages.
#
#   build.sh [OUT]     makes OUT/bin/vcsim and OUT/bin/govc (default /var/cache/guts-real/vcsim)
#
# Needs root for missing packages.  Does nothing when both are there.
set -euo pipefail
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
OUT=${1:-${LAB_CACHE:-/var/cache/guts-real}/vcsim}
if [ -x "$OUT/bin/vcsim" ] && [ -x "$OUT/bin/govc" ]; then
  echo "vcsim: $OUT/bin is there"
  exit 0
fi
mkdir -p "$OUT/bin"
W=$(mktemp -d)
trap 'rm -rf "$W"' EXIT

missing=()
for p in golang-go golang-github-google-uuid-dev golang-github-kr-pretty-dev dpkg-dev; do
  s=$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null || true)
  [ "$s" = installed ] || missing+=("$p")
done
if [ ${#missing[@]} -gt 0 ]; then
  APT=(apt-get -o DPkg::Lock::Timeout=900 -o Dpkg::Use-Pty=0 -y -q --no-install-recommends)
  "${APT[@]}" -s install "${missing[@]}" >/dev/null 2>&1 || apt-get -o DPkg::Lock::Timeout=900 update -q
  "${APT[@]}" install "${missing[@]}"
fi

# Source packages through an apt state of our own, so that the machine's sources stay as they are.
mkdir -p "$W"/apt/{lists/partial,cache/archives/partial,parts}
if [ -e /etc/apt/sources.list.d/debian.sources ]; then
  sed 's/^Types:.*/Types: deb-src/' /etc/apt/sources.list.d/debian.sources >"$W/apt/parts/src.sources"
else
  sed -n 's/^deb /deb-src /p' /etc/apt/sources.list >"$W/apt/parts/src.list"
fi
cat >"$W/apt.conf" <<C
Dir::State::lists "$W/apt/lists";
Dir::Cache "$W/apt/cache";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$W/apt/parts";
APT::Sandbox::User "root";
C
(
  cd "$W"
  export APT_CONFIG=$W/apt.conf
  apt-get update -q
  apt-get source -q --download-only golang-github-vmware-govmomi
)
G=$W/gopath/src/github.com/vmware/govmomi
mkdir -p "$G"
tar -xf "$W"/golang-github-vmware-govmomi_*.orig.tar.* -C "$G" --strip-components=1
export GO111MODULE=off GOPATH=$W/gopath:/usr/share/gocode GOCACHE=$W/cache CGO_ENABLED=0 \
  GOFLAGS=-buildvcs=false GOPROXY=off
cd "$W"
for program in vcsim govc; do
  /usr/bin/go build -o "$OUT/bin/$program.tmp" "github.com/vmware/govmomi/$program"
  mv "$OUT/bin/$program.tmp" "$OUT/bin/$program"
done
ls -l "$OUT/bin"
