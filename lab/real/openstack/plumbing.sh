# Sourced by up.sh: mounts, links and the lab's own libvirtd.

# mount -t nfs without an NFS client or server in the kernel: a bind mount of the
# loop-mounted export stands in for it (a loop mount, because Nova asks
# os.path.ismount, which a bind of a plain directory does not satisfy).
install_nfs_shim() {
  if [ ! -e /sbin/mount.nfs ]; then
    cat >/sbin/mount.nfs <<'X'
#!/bin/sh
# guts-real shim: "host:/path dir [-o opts]" is served by a bind mount of /path
[ $# -ge 2 ] || { echo "usage: mount.nfs remotetarget dir [-o options]" >&2; exit 1; }
exec mount --bind "${1#*:}" "$2"
X
    chmod 755 /sbin/mount.nfs
  elif ! grep -qa 'mount --bind' /sbin/mount.nfs; then
    echo "up: /sbin/mount.nfs is the real NFS client (package nfs-common); the lab needs a stand-in there: remove that package" >&2
    exit 1
  fi
}

# ebtables-nft 1.8.9 cannot delete a rule that has --among-src ("Invalid argument", exit 4), and
# Neutron's agent (arp_protect.py) takes 4 for a lock held by others and tries for ever: once a
# port in use is wired anew, no other server gets its network.  So, for the agent only, such a
# rule stays: it lets the port's own MAC pass, and goes with its chain.
install_ebtables_shim() {
  mkdir -p "$LAB_STATE/sbin"
  cat >"$LAB_STATE/sbin/ebtables" <<'X'
#!/bin/sh
/usr/sbin/ebtables "$@"
code=$?
case "$code $* " in
  "4 "*" -D "*" --among-src "*) exit 0 ;;
esac
exit $code
X
  chmod 755 "$LAB_STATE/sbin/ebtables"
}

setup_mounts() {
  mkdir -p "$SHARE"
  # Shared, so that what Nova mounts below $LAB_STATE is seen by libvirtd's guests
  # (start_libvirtd) on hosts whose root mount is private, too.
  if ! mountpoint -q "$LAB_STATE"; then
    if mountpoint -q "$SHARE"; then umount "$SHARE"; fi
    mount --bind "$LAB_STATE" "$LAB_STATE"
    : >"$LAB_STATE/self-bound"
  fi
  mount --make-shared "$LAB_STATE"
  if [ ! -e "$LAB_STATE/nfs.img" ]; then
    truncate -s "$LAB_NFS_SIZE" "$LAB_STATE/nfs.img.part"
    mkfs.ext4 -q -F -m 0 -E lazy_itable_init=1,lazy_journal_init=1 -O ^has_journal "$LAB_STATE/nfs.img.part"
    mv "$LAB_STATE/nfs.img.part" "$LAB_STATE/nfs.img"
  fi
  mountpoint -q "$SHARE" || mount -o loop,discard "$LAB_STATE/nfs.img" "$SHARE"
  # A server's pages are not in its client's memory: without this each page is cached, and written, twice here.
  losetup --direct-io=on "$(findmnt -n -o SOURCE "$SHARE")" || echo "$SHARE: no direct I/O, slower" >&2
  chmod 777 "$SHARE"
}

setup_links() {      # flat provider networks: a veth pair each
  local i host agent owner net
  for i in $(seq "$LAB_PHYSNETS"); do
    host=${LAB_IF_PREFIX}h$i agent=${LAB_IF_PREFIX}p$i net=$LAB_NET_PREFIX.$i
    owner=$(cat "/sys/class/net/$host/ifalias" 2>/dev/null || true)
    if [ -e "/sys/class/net/$host" ] && [ "$owner" != "$LAB_STATE" ]; then
      echo "up: link $host belongs to ${owner:-somebody else}: choose another LAB_IF_PREFIX" >&2; exit 1
    fi
    if ip -4 -o addr show | grep -v " $host " | grep -q " $net\."; then
      echo "up: another link already has an address in $net.0/24: choose another LAB_NET_PREFIX" >&2; exit 1
    fi
    if [ ! -e "/sys/class/net/$agent" ]; then
      ip link add "$agent" type veth peer name "$host"
      ip link set "$host" alias "$LAB_STATE"
    fi
    ip addr replace "$net.1/24" dev "$host"
    ip link set "$host" up
    ip link set "$agent" up
  done
}

# A libvirtd of our own, whatever else runs on the machine: a privileged libvirtd
# has /etc/libvirt, /run/libvirt and /var/lib/libvirt compiled in, so it gets a mount
# namespace where these are directories below $LAB_STATE.  Clients use the socket.
start_libvirtd() {
  local boot d
  boot=$(cat /proc/sys/kernel/random/boot_id)
  if [ "$boot" != "$(cat "$LAB_STATE/libvirt/boot-id" 2>/dev/null || true)" ]; then
    rm -rf "$LAB_STATE/libvirt/run"      # /run does not outlive a boot
    mkdir -p "$LAB_STATE/libvirt/run"
    echo "$boot" >"$LAB_STATE/libvirt/boot-id"
  fi
  for d in /etc/libvirt /run/libvirt /var/lib/libvirt /var/cache/libvirt /var/log/libvirt; do mkdir -p "$d"; done
  start libvirtd unshare --mount --propagation slave bash -c '
    set -e
    mount --bind "$0/etc" /etc/libvirt
    mount --bind "$0/run" /run/libvirt
    mount --bind "$0/lib" /var/lib/libvirt
    mount --bind "$0/cache" /var/cache/libvirt
    mount --bind "$0/log" /var/log/libvirt
    exec libvirtd -f /etc/libvirt/libvirtd.conf -p /run/libvirt/libvirtd.pid
  ' "$LAB_STATE/libvirt"
}
