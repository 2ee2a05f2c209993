#!/bin/bash
# nbdkit with its vddk plugin, and a stand-in for VMware's library, for the transport `vddk`.  Debian 12 has no such
# plugin: the packages of Debian 13 (trixie; the plugin is in its component contrib) are unpacked below OUT, with their own
# loader and libraries, and nothing of this machine is changed.
#
#   build.sh [OUT]     default: /var/cache/guts-real/vddk
#     OUT/bin/nbdkit                       runs that nbdkit; "vddk" means its own plugin
#     OUT/lib/lib64/libvixDiskLib.so.8     the stand-in (vixdisklib.c); OUT/lib is what vddk_dir names
#
# Needs a compiler, apt-get and the network, the first time.  Compiles anew when the source is newer.
set -euo pipefail
export LC_ALL=C.UTF-8
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
OUT=${1:-${LAB_CACHE:-/var/cache/guts-real}/vddk}
mkdir -p "$OUT"
OUT=$(cd "$OUT" && pwd)
# Whoever comes second waits: tests run beside each other.
exec 9>"$OUT/lock"
flock 9
began=$SECONDS

# nbdkit itself, the plugin, and what the two load, with what that loads.
PACKAGES=(
  nbdkit nbdkit-plugin-vddk
  libc6 libgcc-s1 libgnutls30t64 libp11-kit0 libtasn1-6 libnettle8t64 libhogweed6t64 libgmp10
  libunistring5 libidn2-0 libffi8 libselinux1 libpcre2-8-0 libzstd1 zlib1g
)
ARCH=$(dpkg --print-architecture)
[ "$ARCH" = amd64 ] || { echo "vddk: the plugin is for amd64 alone, this is $ARCH" >&2; exit 1; }

install_nbdkit() {
  local work mirror
  work=$(mktemp -d)
  # shellcheck disable=SC2064
  trap "rm -rf '$work'" EXIT
  # From where this machine gets its packages.
  mirror=$(apt-get indextargets --format '$(URI)' 'Created-By: Packages' 2>/dev/null |
    sed -n 's#^\(https\?://.*/debian\)/dists/bookworm/.*#\1#p' | head -n 1)
  mkdir -p "$work"/apt/{lists/partial,cache/archives/partial,parts} "$work/debs"
  : >"$work/status"
  cat >"$work/apt/parts/trixie.sources" <<S
Types: deb
URIs: ${mirror:-http://deb.debian.org/debian}
Suites: trixie
Components: main contrib
Architectures: $ARCH
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
S
  cat >"$work/apt.conf" <<C
Dir::State::lists "$work/apt/lists";
Dir::State::status "$work/status";
Dir::Cache "$work/apt/cache";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$work/apt/parts";
APT::Sandbox::User "root";
APT::Architecture "$ARCH";
Acquire::Languages "none";
Acquire::Retries "3";
C
  (
    cd "$work/debs"
    export APT_CONFIG=$work/apt.conf
    apt-get update -q
    apt-get download -q "${PACKAGES[@]}"
  )
  rm -rf "$OUT/root.tmp" "$OUT/root"
  mkdir "$OUT/root.tmp"
  local deb
  for deb in "$work"/debs/*.deb; do dpkg-deb -x "$deb" "$OUT/root.tmp"; done
  mv "$OUT/root.tmp" "$OUT/root"
}

write_runner() {
  local lib=$OUT/root/usr/lib/x86_64-linux-gnu
  mkdir -p "$OUT/bin"
  cat >"$OUT/bin/nbdkit.tmp" <<R
#!/bin/bash
# Made by lab/real/vddk/build.sh: nbdkit of Debian 13 with its own loader.
args=()
for one in "\$@"; do
  if [ "\$one" = vddk ]; then one=$lib/nbdkit/plugins/nbdkit-vddk-plugin.so; fi
  args+=("\$one")
done
exec $lib/ld-linux-x86-64.so.2 --library-path $lib $OUT/root/usr/bin/nbdkit "\${args[@]}"
R
  chmod +x "$OUT/bin/nbdkit.tmp"
  mv "$OUT/bin/nbdkit.tmp" "$OUT/bin/nbdkit"
}

compile() {
  mkdir -p "$OUT/lib/lib64"
  cc -std=gnu11 -Wall -Wextra -Werror -O2 -shared -fPIC -fvisibility=hidden -Wl,-soname,libvixDiskLib.so.8 \
    -o "$OUT/lib/lib64/libvixDiskLib.so.8.tmp" "$HERE/vixdisklib.c" -lpthread
  mv "$OUT/lib/lib64/libvixDiskLib.so.8.tmp" "$OUT/lib/lib64/libvixDiskLib.so.8"
}

[ -d "$OUT/root" ] || install_nbdkit
[ -x "$OUT/bin/nbdkit" ] || write_runner
[ "$OUT/lib/lib64/libvixDiskLib.so.8" -nt "$HERE/vixdisklib.c" ] || compile
"$OUT/bin/nbdkit" vddk --dump-plugin "libdir=$OUT/lib" | grep -q '^vddk_library_version=8$' || {
  echo "vddk: the plugin does not load the stand-in" >&2
  exit 1
}
echo "vddk: $("$OUT/bin/nbdkit" --version) with its vddk plugin, in $OUT: $((SECONDS - began)) s"
