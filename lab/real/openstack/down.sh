#!/bin/bash
# Stops what up.sh started and takes its mounts, links and firewall rules away.
#   down.sh          state stays under $LAB_STATE; up.sh resumes it
#   down.sh --purge  also removes $LAB_STATE and the mount.nfs stand-in
# Guests are powered off hard.
set -uo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$HERE/lab.env.sh"
. "$HERE/lib.sh"
case ${1:-} in '' | --purge) ;; *) echo "usage: down.sh [--purge]" >&2; exit 2 ;; esac
[ "$(id -u)" = 0 ] || { echo "down: needs root" >&2; exit 1; }
[ -d "$R" ] && [ -d "$D" ] || { echo "down: no lab under $LAB_STATE"; exit 0; }
exec 9>"$R/up.lock"
flock 9

if alive libvirtd; then
  for d in $(virsh_lab list --uuid 2>/dev/null); do virsh_lab destroy "$d" >/dev/null 2>&1; done
fi
networks=$(network_ids)
pids=$(cat "$LAB_STATE"/neutron/dhcp/*/pid 2>/dev/null)
stop_everything
for p in $pids; do   # dnsmasq of the DHCP agent
  if grep -qaF "$LAB_STATE/" "/proc/$p/cmdline" 2>/dev/null; then kill "$p"; fi
done
for id in $networks; do remove_network "$id"; done
for i in $(seq "$LAB_PHYSNETS"); do
  if [ "$(cat "/sys/class/net/${LAB_IF_PREFIX}h$i/ifalias" 2>/dev/null)" = "$LAB_STATE" ]; then
    ip link del "${LAB_IF_PREFIX}h$i"
  fi
done
remove_firewall
unmount() { umount "$1" 2>/dev/null || umount -l "$1"; }
for m in $(awk -v s="$LAB_STATE/" 'index($2, s) == 1 {print $2}' /proc/mounts | sort -r); do unmount "$m"; done
if [ -e "$LAB_STATE/self-bound" ]; then
  rm -f "$LAB_STATE/self-bound"
  unmount "$LAB_STATE"
fi
if [ "${1:-}" = --purge ]; then
  if pgrep -f '^[^ ]*python3 [^ ]*/(nova-compute|cinder-volume)( |$)' >/dev/null; then   # another lab, that may use them
    echo "down: another OpenStack runs here: /sbin/mount.nfs stays, and the dashboard's settings do"
  else
    if grep -qs guts-real /sbin/mount.nfs; then rm -f /sbin/mount.nfs; fi
    "$HERE/horizon-plugin.sh" --remove
    rm -f /etc/openstack-dashboard/local_settings.d/_9000_guts_real.py
  fi
  if grep -q " $LAB_STATE/" /proc/mounts; then
    echo "down: something is still mounted below $LAB_STATE; not removed" >&2; exit 1
  fi
  rm -rf -- "$LAB_STATE"
fi
echo "down: done"
