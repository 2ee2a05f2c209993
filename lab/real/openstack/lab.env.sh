# Settings of the lab; sourced by up.sh and down.sh.
# Every setting may be given in the environment.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL=C.UTF-8
unset PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE PYTHONUNBUFFERED 2>/dev/null || true
: "${LAB_STATE:=/tmp/guts-real}"         # configs, data, logs, pid files; an absolute path
: "${LAB_CACHE:=/var/cache/guts-real}"   # database schema, guest kernel; safe to delete
: "${LAB_HOST:=guts-real}"               # host name that the services register
: "${LAB_PASSWORD:=labpass}"
: "${LAB_REGION:=RegionOne}"
: "${LAB_HORIZON:=1}"                    # 0: without the dashboard
: "${LAB_PHYSNETS:=3}"                   # flat provider networks; the last one belongs to project demo
: "${LAB_NET_PREFIX:=10.78}"             # network N is $LAB_NET_PREFIX.N.0/24, this machine is .1
: "${LAB_IF_PREFIX:=gutsr}"              # veth pairs: ${LAB_IF_PREFIX}hN host end, ${LAB_IF_PREFIX}pN agent end
: "${LAB_NFS_SIZE:=40G}"                 # sparse file behind the Cinder "NFS" export
export LAB_STATE LAB_CACHE LAB_HOST LAB_PASSWORD LAB_REGION LAB_PHYSNETS LAB_NET_PREFIX
case $LAB_STATE in /*[!A-Za-z0-9/._-]*|[!/]*|/) echo "LAB_STATE must be an absolute path of plain characters, not \"$LAB_STATE\"" >&2; exit 2 ;; esac

# Ports.  A port given in the environment is used as it is; otherwise the one
# up.sh noted in $LAB_STATE/ports.env; otherwise the default below.
DEFAULT_PORTS="
LAB_KEYSTONE_PORT=15000
LAB_GLANCE_PORT=19292
LAB_PLACEMENT_PORT=18778
LAB_NOVA_PORT=18774
LAB_NOVA_METADATA_PORT=18775
LAB_NEUTRON_PORT=19696
LAB_CINDER_PORT=18776
LAB_HORIZON_PORT=18080
LAB_DB_PORT=23306
LAB_AMQP_PORT=15673
LAB_AMQP_DIST_PORT=35673
LAB_EPMD_PORT=14370
LAB_MEMCACHED_PORT=21212
"
FIXED_PORTS=" "                          # names of those given in the environment
load_ports() {
  local line name noted
  for line in $DEFAULT_PORTS; do
    name=${line%%=*}
    if [ -n "${!name:-}" ]; then FIXED_PORTS+="$name "; export "${name?}"; continue; fi
    noted=$(sed -n "s/^$name=\([0-9]*\)$/\1/p" "$LAB_STATE/ports.env" 2>/dev/null || true)
    export "$name=${noted:-${line#*=}}"
  done
}
load_ports

IP=127.0.0.1
E=$LAB_STATE/etc; L=$LAB_STATE/log; R=$LAB_STATE/run; D=$LAB_STATE/done
SHARE=$LAB_STATE/nfs-export
LIBVIRT_URI="qemu:///system?socket=$LAB_STATE/libvirt/run/libvirt-sock"
