# Sourced: install_broker, install_oslo, start_broker and stop_broker run a private RabbitMQ on free ports of loopback,
# with TLS by an authority made for the occasion. Sets GUTS_TEST_RABBITMQ (URL), GUTS_TEST_RABBITMQ_TLS, GUTS_TEST_RABBITMQ_CA,
# BROKER_DIR and BROKER_PID; start_broker may be called again after the broker was killed, on the same data.
BROKER_DIR=
BROKER_PID=

broker_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

install_broker() {
  [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] && return
  # Debian would start what it installs.
  local policy=/usr/sbin/policy-rc.d made=
  if [ ! -e $policy ]; then printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy && made=1; fi
  apt-get -o DPkg::Lock::Timeout=900 -q update >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=900 -q -y install rabbitmq-server >/dev/null
  [ -z "$made" ] || rm -f $policy
}

install_oslo() {
  /usr/bin/python3 -c 'import oslo_messaging' 2>/dev/null && return
  apt-get -o DPkg::Lock::Timeout=900 -q update >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=900 -q -y install python3-oslo.messaging >/dev/null
}

broker_certificates() {
  local dir=$1
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=GUTS test authority' \
    -keyout "$dir/ca.key" -out "$dir/ca.pem" 2>/dev/null
  openssl req -newkey rsa:2048 -nodes -subj '/CN=localhost' -keyout "$dir/server.key" -out "$dir/server.csr" 2>/dev/null
  printf 'subjectAltName=DNS:localhost\n' >"$dir/san"
  openssl x509 -req -in "$dir/server.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial -days 2 \
    -extfile "$dir/san" -out "$dir/server.pem" 2>/dev/null
  chmod 644 "$dir"/*.key
}

start_broker() {
  if [ -z "$BROKER_DIR" ]; then
    install_broker
    BROKER_DIR=$(mktemp -d "${TMPDIR:-/tmp}/guts-rabbitmq-XXXXXX")
    AMQP_PORT=$(broker_port) AMQPS_PORT=$(broker_port) DIST_PORT=$(broker_port) EPMD_PORT=$(broker_port)
    printf 'AMQP_PORT=%s AMQPS_PORT=%s DIST_PORT=%s EPMD_PORT=%s\n' "$AMQP_PORT" "$AMQPS_PORT" "$DIST_PORT" "$EPMD_PORT" >"$BROKER_DIR/ports"
    broker_certificates "$BROKER_DIR"
    cat >"$BROKER_DIR/rabbitmq.conf" <<CONF
listeners.tcp.1 = 127.0.0.1:$AMQP_PORT
listeners.ssl.1 = 127.0.0.1:$AMQPS_PORT
ssl_options.cacertfile = $BROKER_DIR/ca.pem
ssl_options.certfile = $BROKER_DIR/server.pem
ssl_options.keyfile = $BROKER_DIR/server.key
ssl_options.verify = verify_none
CONF
  fi
  env -u RABBITMQ_LOGS HOME="$BROKER_DIR" ERL_EPMD_PORT="$EPMD_PORT" ERL_EPMD_ADDRESS=127.0.0.1 \
    RABBITMQ_NODENAME="guts$AMQP_PORT@localhost" RABBITMQ_MNESIA_BASE="$BROKER_DIR/mnesia" \
    RABBITMQ_LOG_BASE="$BROKER_DIR/log" RABBITMQ_DIST_PORT="$DIST_PORT" RABBITMQ_CONF_ENV_FILE=/dev/null \
    RABBITMQ_CONFIG_FILE="$BROKER_DIR/rabbitmq" RABBITMQ_ENABLED_PLUGINS_FILE=/dev/null \
    RABBITMQ_PID_FILE="$BROKER_DIR/pid" \
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +sbwt none" \
    /usr/lib/rabbitmq/bin/rabbitmq-server >>"$BROKER_DIR/out" 2>&1 8>&- &
  BROKER_PID=$!
  local n
  for n in $(seq 300); do
    (exec 3<>"/dev/tcp/127.0.0.1/$AMQP_PORT") 2>/dev/null && break
    [ "$n" -lt 300 ] || { echo "the broker does not start: see $BROKER_DIR" >&2; return 1; }
    sleep 0.2
  done
  export GUTS_TEST_RABBITMQ="amqp://guest:guest@127.0.0.1:$AMQP_PORT" GUTS_TEST_RABBITMQ_TLS="amqps://guest:guest@localhost:$AMQPS_PORT"
  export GUTS_TEST_RABBITMQ_CA="$BROKER_DIR/ca.pem" GUTS_TEST_RABBITMQ_DIR="$BROKER_DIR"
}

# broker_pids NAME: pids of the broker's processes of that name. Its command line does not tell it from another; its
# environment does.
broker_pids() {
  local pid
  for pid in $(pgrep -x "$1"); do
    if tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep -qx "ERL_EPMD_PORT=$EPMD_PORT"; then echo "$pid"; fi
  done
}

stop_broker() {
  local pid n
  for pid in $(broker_pids beam.smp) $(broker_pids epmd); do kill "$pid" 2>/dev/null || true; done
  [ -z "$BROKER_PID" ] || wait "$BROKER_PID" 2>/dev/null || true
  # One that was started again is not our child; it writes to its folder until it has ended.
  for n in $(seq 100); do
    [ -n "$(broker_pids beam.smp)" ] || break
    [ "$n" -lt 100 ] || for pid in $(broker_pids beam.smp); do kill -KILL "$pid" 2>/dev/null || true; done
    sleep 0.2
  done
  [ -z "$BROKER_DIR" ] || rm -rf "$BROKER_DIR"
}
