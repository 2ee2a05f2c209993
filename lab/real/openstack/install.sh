#!/bin/bash
# Installs a complete OpenStack (Zed, from Debian bookworm) and the other tools
# of lab/real on this machine, starting nothing.  Needs root.  Idempotent.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true LC_ALL=C.UTF-8
# Package scripts need the distribution's python3, not a pyenv's or conda's.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
unset PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE || true
[ "$(id -u)" = 0 ] || { echo "install: needs root" >&2; exit 1; }
if ! grep -q '^VERSION_CODENAME=bookworm' /etc/os-release; then
  echo "install: tried on Debian 12 (bookworm) only; other releases carry another OpenStack" >&2
fi
t0=$(date +%s)

PKGS=(
  # plumbing
  mariadb-server rabbitmq-server memcached sudo uwsgi-core uwsgi-plugin-python3
  iproute2 iptables ipset bridge-utils dnsmasq-base e2fsprogs curl jq
  # identity, image, placement
  keystone glance-api placement-api
  # compute.  nova-compute-kvm is the small package that brings libvirt and
  # qemu-system-x86; nova-compute-qemu would pull qemu for every architecture.
  nova-api nova-conductor nova-scheduler nova-compute nova-compute-kvm
  libvirt-daemon-system libvirt-clients qemu-system-x86 qemu-utils qemu-block-extra ovmf
  # network
  neutron-server neutron-linuxbridge-agent neutron-dhcp-agent
  # block storage
  cinder-api cinder-scheduler cinder-volume
  # clients that check ours: the openstack command line, VMware's Python library
  python3-openstackclient python3-pyvmomi
  # disk servers, and the clients that judge what our NBD client read and wrote
  nbdkit libnbd-bin
  # inflates exports
  libdeflate0
  # unpacks clusters of qcow2 in tests, where Node cannot
  zstd
  # guest image builder (guest/build-guest-image.sh)
  busybox-static cpio fdisk mtools dosfstools kmod syslinux syslinux-common
  systemd-boot-efi binutils genisoimage
  # the dashboard, and the browser that looks at it
  openstack-dashboard chromium fonts-dejavu-core
)

missing=()
for p in "${PKGS[@]}"; do
  s=$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null || true)
  [ "$s" = installed ] || missing+=("$p")
done
if [ ${#missing[@]} -eq 0 ]; then echo "install: nothing to do"; exit 0; fi

# --- keep package scripts from starting services -------------------------------
made_policy=
if [ ! -e /usr/sbin/policy-rc.d ]; then
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod 755 /usr/sbin/policy-rc.d
  made_policy=1
fi
cleanup() { if [ -n "$made_policy" ]; then rm -f /usr/sbin/policy-rc.d; fi; }
trap cleanup EXIT

# --- keep package scripts from configuring databases and endpoints --------------
if command -v debconf-set-selections >/dev/null; then
  {
    for q in keystone/configure_db keystone/register-endpoint keystone/create-admin-tenant; do
      echo "keystone $q boolean false"
    done
    for s in glance placement nova neutron cinder; do
      echo "$s-common $s/configure_db boolean false"
      echo "$s-api $s/register-endpoint boolean false"
    done
    echo "dbconfig-common dbconfig-common/dbconfig-install boolean false"
    echo "man-db man-db/auto-update boolean false"
  } | debconf-set-selections
fi

APT=(apt-get -o DPkg::Lock::Timeout=900 -o Dpkg::Use-Pty=0
     -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold
     -o Dpkg::Options::=--force-unsafe-io -y -q --no-install-recommends)
if ! "${APT[@]}" -s install "${missing[@]}" >/dev/null 2>&1; then
  apt-get -o DPkg::Lock::Timeout=900 update -q
fi
t1=$(date +%s)
"${APT[@]}" install --download-only "${missing[@]}"
t2=$(date +%s)
"${APT[@]}" install "${missing[@]}"
t3=$(date +%s)
echo "install: done: prepare $((t1 - t0)) s, download $((t2 - t1)) s, unpack and configure $((t3 - t2)) s"
