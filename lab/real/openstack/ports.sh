# Sourced by up.sh: makes sure that every port of the lab is ours to use.

listener() {         # listener PORT: who listens there, as ss prints it; empty if nobody
  ss -Hltnp "sport = :$1" 2>/dev/null | sed 's/.*users:((//; s/))$//' | head -1
}
free_port() {        # free_port PORT: the next free one above it
  local p=$1
  while [ -n "$(listener "$p")" ] || grep -qs "=$p\$" "$LAB_STATE/ports.env.new"; do
    p=$((p + 1))
    if [ "$p" -gt 60999 ]; then echo "up: no free port above $1" >&2; return 1; fi
  done
  echo "$p"
}
check_port() {       # check_port SERVICE VARIABLE
  local service=$1 name=$2 port=${!2} who
  if ! alive "$service"; then
    who=$(listener "$port")
    if [ -n "$who" ]; then
      case $FIXED_PORTS in *" $name "*)
        echo "up: $name=$port is taken by $who: stop that process or choose another $name" >&2; return 1 ;;
      esac
      port=$(free_port "$port")
      echo "up: port ${!name} of $service is taken by $who: using $port instead (noted in $LAB_STATE/ports.env)" >&2
      export "$name=$port"
    fi
  fi
  echo "$name=$port" >>"$LAB_STATE/ports.env.new"
}
choose_ports() {
  : >"$LAB_STATE/ports.env.new"
  check_port keystone LAB_KEYSTONE_PORT
  check_port glance-api LAB_GLANCE_PORT
  check_port placement LAB_PLACEMENT_PORT
  check_port nova-api LAB_NOVA_PORT
  check_port nova-api LAB_NOVA_METADATA_PORT
  check_port neutron-server LAB_NEUTRON_PORT
  check_port cinder-api LAB_CINDER_PORT
  check_port horizon LAB_HORIZON_PORT
  check_port mysql LAB_DB_PORT
  check_port rabbitmq LAB_AMQP_PORT
  check_port rabbitmq LAB_AMQP_DIST_PORT
  check_port epmd LAB_EPMD_PORT
  check_port memcached LAB_MEMCACHED_PORT
  if ! cmp -s "$LAB_STATE/ports.env.new" "$LAB_STATE/ports.env"; then
    # A service that runs with an old port would be talked to on the new one:
    # all of them start again.
    if [ -e "$LAB_STATE/ports.env" ]; then stop_everything; fi
  fi
  mv "$LAB_STATE/ports.env.new" "$LAB_STATE/ports.env"
}
