#!/bin/bash
# VMware's own vmdk-convert and mkova, from Debian's package open-vmdk.  Only sid has it, and it wants a newer libc than
# Debian 12's: both are unpacked into a folder of their own, nothing is installed.
#
#   fetch.sh [OUT]     makes OUT/bin/vmdk-convert and OUT/bin/mkova (default /var/cache/guts-real/vmdk)
#
# Does nothing when both are there.
set -euo pipefail
export LC_ALL=C.UTF-8
OUT=${1:-${LAB_CACHE:-/var/cache/guts-real}/vmdk}
if [ -x "$OUT/bin/vmdk-convert" ] && [ -x "$OUT/bin/mkova" ]; then
  echo "vmdk: $OUT/bin is there"
  exit 0
fi
mkdir -p "$OUT/bin"
OUT=$(cd "$OUT" && pwd)
W=$(mktemp -d)
trap 'rm -rf "$W"' EXIT

# Through an apt state of our own, so that the machine's sources stay as they are.
mkdir -p "$W"/{lists/partial,cache/archives/partial,parts,tree}
if [ -e /etc/apt/sources.list.d/debian.sources ]; then
  mirror=$(awk '/^URIs:/{print $2; exit}' /etc/apt/sources.list.d/debian.sources)
else
  mirror=$(awk '/^deb /{print $2; exit}' /etc/apt/sources.list)
fi
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >"$W/sources.list"
cat >"$W/apt.conf" <<C
Dir::Etc::sourcelist "$W/sources.list";
Dir::Etc::sourceparts "$W/parts";
Dir::State::lists "$W/lists";
Dir::State::status "/dev/null";
Dir::Cache "$W/cache";
APT::Sandbox::User "root";
C
export APT_CONFIG=$W/apt.conf
apt-get update -q
(cd "$W" && apt-get download -q open-vmdk libc6 zlib1g)
for package in "$W"/*.deb; do dpkg-deb -x "$package" "$W/tree"; done
rm -rf "$OUT/tree"
mv "$W/tree" "$OUT/tree"

cat >"$OUT/bin/vmdk-convert" <<C
#!/bin/sh
lib='$OUT/tree/usr/lib/x86_64-linux-gnu'
exec "\$lib/ld-linux-x86-64.so.2" --library-path "\$lib" '$OUT/tree/usr/bin/vmdk-convert' "\$@"
C
# A shell script: it needs the machine's own tools, and finds vmdk-convert on PATH.
cat >"$OUT/bin/mkova" <<C
#!/bin/sh
PATH='$OUT/bin':\$PATH DATADIR='$OUT/tree/usr/share/open-vmdk' exec bash '$OUT/tree/usr/bin/mkova' "\$@"
C
chmod 755 "$OUT/bin/vmdk-convert" "$OUT/bin/mkova"
"$OUT/bin/vmdk-convert" --help >/dev/null 2>&1 || [ $? -lt 126 ]
echo "vmdk: made $OUT/bin/vmdk-convert and mkova"
