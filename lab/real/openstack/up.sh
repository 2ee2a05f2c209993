#!/bin/bash
# Starts (and, the first time, creates) an all-in-one OpenStack under $LAB_STATE,
# every listener on 127.0.0.1.  Run it again after a failure, a crash, a reboot or
# down.sh: what runs is left alone, what is missing is started.  Needs root and
# install.sh.  Settings: lab.env.sh.
#   up.sh --identity   only Keystone and what it needs
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$HERE/lab.env.sh"
case ${1:-} in '') ONLY= ;; --identity) ONLY=identity ;; *) echo "usage: up.sh [--identity]" >&2; exit 2 ;; esac
[ "$(id -u)" = 0 ] || { echo "up: needs root" >&2; exit 1; }
for program in nova-compute libvirtd mariadbd rabbitmqctl neutron-server cinder-volume; do
  command -v "$program" >/dev/null || { echo "up: $program is not installed: run install.sh first" >&2; exit 1; }
done
mkdir -p "$E" "$L" "$R" "$D" "$LAB_STATE/tmp"
T0=$(date +%s%N)
say() { printf '[%4d s] %s\n' $((($(date +%s%N) - T0) / 1000000000)) "$*"; }

exec 9>"$R/up.lock"
flock 9
. "$HERE/lib.sh"
. "$HERE/ports.sh"

# ------------------------------------------------------------------ helpers --
start() {            # start NAME COMMAND...: in the background, own session, pid file, log
  local n=$1 p; shift
  if alive "$n"; then return 0; fi
  for p in $(service_pids "$n"); do kill -KILL "$p" 2>/dev/null || true; done   # a crash left them
  # In a folder that lasts: the clone that starts it may be removed while it runs.
  (cd "$LAB_STATE" && GUTS_LAB_SERVICE="$LAB_STATE:$n" exec setsid "$@") >>"$L/$n.log" 2>&1 </dev/null 9>&- &
  echo "$! $(started $!)" >"$R/$n.pid"
}
wait_for() {         # wait_for NAME SECONDS COMMAND...
  local n=$1 s=$2 i; shift 2
  for ((i = 0; i < s * 5; i++)); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    if ((i > 10)) && [ -e "$R/$n.pid" ] && ! alive "$n"; then
      echo "up: $n died; last lines of $L/$n.log:" >&2; tail -20 "$L/$n.log" >&2; exit 1
    fi
    sleep 0.2
  done
  echo "up: $n not ready after $s s; last lines of $L/$n.log:" >&2; tail -20 "$L/$n.log" >&2; exit 1
}
answers() {          # answers URL [STATUS]
  [ "$(curl -s -o /dev/null --max-time 5 -w '%{http_code}' "$1")" = "${2:-200}" ]
}
once() {             # once MARK COMMAND...: only if it has not succeeded yet
  local m=$1; shift
  [ -e "$D/$m" ] && return 0
  if "$@" >>"$L/setup-$m.log" 2>&1; then : >"$D/$m"; else
    echo "up: step $m failed; last lines of $L/setup-$m.log:" >&2; tail -30 "$L/setup-$m.log" >&2; return 1; fi
}
uw() {               # uw NAME PORT SCRIPT PROCESSES [--env ...]: a WSGI application
  local n=$1 port=$2 script=$3 processes=$4; shift 4
  start "$n" uwsgi_python3 --http-socket "$IP:$port" --wsgi-file "$script" --master --processes "$processes" \
    --die-on-term --need-app --enable-threads --buffer-size 65535 --add-header "Connection: close" \
    --disable-logging --procname-prefix "$n " "$@"
}

# What a crash left of services that are not running any more frees its ports first.
for n in mysql memcached epmd rabbitmq keystone placement glance-api nova-api neutron-server cinder-api horizon; do
  if ! alive "$n"; then for p in $(service_pids "$n"); do kill -KILL "$p" 2>/dev/null || true; done; fi
done
choose_ports
. "$HERE/config.sh"
. "$HERE/plumbing.sh"
. "$HERE/schema.sh"

write_config
install_nfs_shim
install_ebtables_shim
setup_mounts
setup_links
mkdir -p "$LAB_STATE"/keystone "$LAB_STATE"/glance/{images,staging,tasks,lock} \
  "$LAB_STATE"/nova/{instances,mnt,lock} "$LAB_STATE"/neutron/lock \
  "$LAB_STATE"/cinder/{mnt,lock,conversion} "$LAB_STATE"/bin "$LAB_STATE"/rabbit

# ------------------------------------------------------------ infrastructure --
say "infrastructure"
if [ ! -e "$D/mysql-init" ]; then
  rm -rf "$LAB_STATE/mysql"
  once mysql-init mariadb-install-db --no-defaults --user=root --datadir="$LAB_STATE/mysql" \
    --auth-root-authentication-method=normal --skip-test-db --skip-name-resolve
fi
start mysql mariadbd --no-defaults --user=root --datadir="$LAB_STATE/mysql" --socket="$R/mysql.sock" \
  --bind-address=$IP --port="$LAB_DB_PORT" --pid-file="$R/mysqld.pid" --skip-name-resolve \
  --skip-log-bin --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=0 --innodb-flush-method=nosync \
  --innodb-buffer-pool-size=256M --max-connections=500 --character-set-server=utf8mb3 --performance-schema=0
start memcached memcached -u root -l $IP -p "$LAB_MEMCACHED_PORT" -U 0 -m 64
start_keystone() {
  uw keystone "$LAB_KEYSTONE_PORT" /usr/bin/keystone-wsgi-public 2 \
    --env OS_KEYSTONE_CONFIG_FILES="$E/keystone/keystone.conf"
}
seed_identity() {
  wait_for keystone 60 answers "$IDENTITY/v3"
  once "catalog-$(cksum <"$LAB_STATE/ports.env" | cut -d' ' -f1)" /usr/bin/python3 "$HERE/seed.py" identity
}
if [ "$ONLY" = identity ]; then
  wait_for mysql 60 sql -e 'select 1'
  create_databases
  setup_schemas
  start_keystone
  seed_identity
  /usr/bin/python3 "$HERE/seed.py" clouds
  say "ready: Keystone alone, $IDENTITY/v3"
  exit
fi
start epmd env ERL_EPMD_ADDRESS=$IP epmd -port "$LAB_EPMD_PORT" -address $IP
: >"$E/rabbitmq.conf"
start rabbitmq env HOME="$LAB_STATE/rabbit" RABBITMQ_NODENAME=gutsreal@localhost \
  RABBITMQ_MNESIA_BASE="$LAB_STATE/rabbit/mnesia" RABBITMQ_LOG_BASE="$L/rabbit" \
  RABBITMQ_NODE_IP_ADDRESS=$IP RABBITMQ_NODE_PORT="$LAB_AMQP_PORT" RABBITMQ_DIST_PORT="$LAB_AMQP_DIST_PORT" \
  RABBITMQ_CONF_ENV_FILE=/dev/null RABBITMQ_CONFIG_FILE="$E/rabbitmq" \
  RABBITMQ_ENABLED_PLUGINS_FILE=/dev/null RABBITMQ_PID_FILE="$R/rabbitmq-beam.pid" \
  ERL_EPMD_ADDRESS=$IP ERL_EPMD_PORT="$LAB_EPMD_PORT" \
  RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none" \
  /usr/lib/rabbitmq/bin/rabbitmq-server
start_libvirtd
wait_for mysql 60 sql -e 'select 1'

# ------------------------------------------------------------------ schemas --
say "database schemas"
create_databases
setup_schemas

# ------------------------------------------------------------- API services --
say "identity, then the other APIs"
start_keystone
uw placement "$LAB_PLACEMENT_PORT" /usr/bin/placement-api 1 --env OS_PLACEMENT_CONFIG_DIR="$E/placement"
wait_for rabbitmq 60 bash -c "exec 3<>/dev/tcp/$IP/$LAB_AMQP_PORT"
N=(--config-file "$E/neutron/neutron.conf" --config-file "$E/neutron/ml2_conf.ini")
start neutron-server neutron-server "${N[@]}"
start nova-api nova-api --config-file "$E/nova/nova.conf"
start glance-api glance-api --config-file "$E/glance/glance-api.conf"
start cinder-api cinder-api --config-file "$E/cinder/cinder.conf"
seed_identity

say "compute, network and block storage workers"
start nova-conductor nova-conductor --config-file "$E/nova/nova.conf"
start nova-scheduler nova-scheduler --config-file "$E/nova/nova.conf"
start cinder-scheduler cinder-scheduler --config-file "$E/cinder/cinder.conf"
start cinder-volume cinder-volume --config-file "$E/cinder/cinder.conf"
wait_for libvirtd 60 virsh_lab version
wait_for placement 60 answers "http://$IP:$LAB_PLACEMENT_PORT/"
start nova-compute nova-compute --config-file "$E/nova/nova.conf"
# The agent names its iptables chains after its own file.  Under its usual name it
# would drop the rules of another lab's agent, and that one ours.
ln -sfn /usr/bin/neutron-linuxbridge-agent "$LAB_STATE/bin/$LB_AGENT"
start neutron-linuxbridge-agent env PATH="$LAB_STATE/sbin:$PATH" "$LAB_STATE/bin/$LB_AGENT" "${N[@]}"
start neutron-dhcp-agent neutron-dhcp-agent "${N[@]}" --config-file "$E/neutron/dhcp_agent.ini"
wait_for glance-api 90 answers "http://$IP:$LAB_GLANCE_PORT/healthcheck"
wait_for neutron-server 90 answers "http://$IP:$LAB_NEUTRON_PORT/"
wait_for nova-api 90 answers "http://$IP:$LAB_NOVA_PORT/"
wait_for cinder-api 90 answers "http://$IP:$LAB_CINDER_PORT/" 300

say "APIs answer; waiting for the agents, seeding"
/usr/bin/python3 "$HERE/seed.py" wait
# once more when what it makes has changed: it leaves alone what is there
once "resources-$(cksum <"$HERE/seed.py" | cut -d' ' -f1)" /usr/bin/python3 "$HERE/seed.py" resources
/usr/bin/python3 "$HERE/seed.py" clouds

if [ "$LAB_HORIZON" = 1 ]; then
  [ -e /usr/share/openstack-dashboard/wsgi.py ] || { echo "up: no dashboard: run install.sh first" >&2; exit 1; }
  # read by every dashboard of this machine, so it acts for ours only
  cat >/etc/openstack-dashboard/local_settings.d/_9000_guts_real.py <<'X'
import os
if "GUTS_LAB_IDENTITY" in os.environ:
    ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
    OPENSTACK_KEYSTONE_URL = os.environ["GUTS_LAB_IDENTITY"] + "/v3"
    OPENSTACK_KEYSTONE_DEFAULT_REGION = os.environ["GUTS_LAB_REGION"]
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache",
                          "LOCATION": os.environ["GUTS_LAB_MEMCACHED"]}}
    SESSION_ENGINE = "django.contrib.sessions.backends.cache"
X
  uw horizon "$LAB_HORIZON_PORT" /usr/share/openstack-dashboard/wsgi.py 1 --threads 4 \
    --static-map /static=/var/lib/openstack-dashboard/static --env GUTS_LAB_IDENTITY="$IDENTITY" \
    --env GUTS_LAB_REGION="$LAB_REGION" --env GUTS_LAB_MEMCACHED="$IP:$LAB_MEMCACHED_PORT"
  wait_for horizon 60 answers "http://$IP:$LAB_HORIZON_PORT/auth/login/"
  say "dashboard: http://$IP:$LAB_HORIZON_PORT/"
fi
say "ready: OS_CLIENT_CONFIG_FILE=$LAB_STATE/clouds.yaml OS_CLOUD=lab (also lab-demo and others, see there)"
