# Sourced by up.sh and down.sh: which processes, guests, bridges and rules belong
# to this lab, and how to end them.  Nothing foreign is ever touched.

sql() { mariadb --no-defaults --socket="$R/mysql.sock" -uroot "$@"; }

# A pid is trusted only together with the start time noted beside it: state
# outlives processes, and the kernel uses a pid number again.
started() { sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }
alive() { local p t; [ -e "$R/$1.pid" ] && read -r p t <"$R/$1.pid" && [ -n "$t" ] && [ "$(started "$p")" = "$t" ]; }
pid_of() { local p t; [ -e "$R/$1.pid" ] && read -r p t <"$R/$1.pid" && echo "$p"; }

# Every service carries GUTS_LAB_SERVICE=STATE:NAME in its environment and its
# children inherit it, so that what a crash left behind is known as ours.
service_pids() {
  { grep -lzxF "GUTS_LAB_SERVICE=$LAB_STATE:$1" /proc/[0-9]*/environ 2>/dev/null || true; } | cut -d/ -f3
}
# libvirtd gives qemu an environment of its own: a guest is known by its pid file,
# and by a command line that names qemu and this lab's files.
guest_pids() {
  local f p
  for f in "$LAB_STATE"/libvirt/run/qemu/*.pid; do
    [ -e "$f" ] || continue
    p=$(cat "$f")
    case $p in '' | *[!0-9]*) continue ;; esac
    if grep -qaF "$LAB_STATE/" "/proc/$p/cmdline" 2>/dev/null && grep -qa qemu-system "/proc/$p/cmdline"; then
      echo "$p"
    fi
  done
}

stop_services() {    # stop_services SECONDS NAME...: TERM all together, wait, then KILL what is left
  local seconds=$1 i n p left; shift
  for n in "$@"; do
    if alive "$n"; then kill -TERM "$(pid_of "$n")" 2>/dev/null || true; fi
  done
  for ((i = 0; i < seconds * 5; i++)); do
    left=
    for n in "$@"; do if alive "$n"; then left=1; fi; done
    [ -n "$left" ] || break
    sleep 0.2
  done
  for n in "$@"; do
    for p in $(service_pids "$n"); do kill -KILL "$p" 2>/dev/null || true; done
    rm -f "$R/$n.pid"
  done
}
stop_everything() {
  local p
  for p in $(guest_pids); do kill -KILL "$p" 2>/dev/null || true; done
  stop_services 6 nova-compute cinder-volume neutron-dhcp-agent neutron-linuxbridge-agent \
    nova-api nova-scheduler nova-conductor cinder-api cinder-scheduler glance-api neutron-server \
    placement keystone horizon libvirtd
  stop_services 15 rabbitmq memcached mysql
  stop_services 2 epmd
}

virsh_lab() { virsh -q -c "$LIBVIRT_URI" "$@"; }
network_ids() {      # all Neutron networks that may have left a bridge or a namespace here
  {
    if alive mysql; then sql -N -e 'select id from neutron.networks' 2>/dev/null || true; fi
    ls "$LAB_STATE/neutron/dhcp" 2>/dev/null || true
  } | sort -u
}
remove_network() {   # remove_network ID: DHCP namespace and bridge
  local id=$1
  ip netns del "qdhcp-$id" 2>/dev/null || true
  ip link del "brq${id:0:11}" 2>/dev/null || true
}
# The bridge agent names its chains after the file it was started as, see up.sh.
LB_AGENT=$LAB_IF_PREFIX-lbagent
remove_firewall() {
  local ipt table chain rule sets
  sets=$( (iptables-save; ip6tables-save) 2>/dev/null | grep -- "-A $LB_AGENT" |
    sed -n 's/.*--match-set \([^ ]*\) .*/\1/p' | sort -u)
  for ipt in iptables ip6tables; do
    for table in filter raw mangle nat; do
      # first the jumps from the kernel's and Neutron's common chains, then the chains
      { $ipt-save -t $table 2>/dev/null || true; } | { grep -E -- "^-A .* -j $LB_AGENT" || true; } |
        while read -r rule; do
          eval "$ipt -w -t $table -D ${rule#-A }" 2>/dev/null || true
        done
      for chain in $({ $ipt-save -t $table 2>/dev/null || true; } | sed -n "s/^:\($LB_AGENT[^ ]*\) .*/\1/p"); do
        $ipt -w -t $table -F "$chain" 2>/dev/null || true
      done
      for chain in $({ $ipt-save -t $table 2>/dev/null || true; } | sed -n "s/^:\($LB_AGENT[^ ]*\) .*/\1/p"); do
        $ipt -w -t $table -X "$chain" 2>/dev/null || true
      done
    done
  done
  for chain in $sets; do ipset destroy "$chain" 2>/dev/null || true; done
}
