# Sourced: a private PostgreSQL (or MariaDB) and a private RabbitMQ with a vhost per lane, on free ports of loopback,
# below a temporary folder; nothing is installed. They have sessions of their own, so that Ctrl-C reaches the harness
# first. Exports GUTS_KILL_DATABASE and GUTS_KILL_BROKER (URLs without database and vhost).
# Needs as_user, serve_as, free_port, stop_databases (lab/real/databases/servers.sh) and start_broker, stop_broker
# (lab/real/rabbitmq/broker.sh).

# servers_missing postgresql|mariadb: says why servers cannot be had; succeeds when something is missing
servers_missing() {
  local account
  case $1 in
    postgresql)
      account=postgres
      compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || { echo 'PostgreSQL is not installed'; return 0; }
      command -v psql >/dev/null || { echo 'psql is not installed'; return 0; }
      ;;
    mariadb)
      account=mysql
      command -v mariadbd >/dev/null || { echo 'MariaDB is not installed'; return 0; }
      ;;
  esac
  [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || { echo 'RabbitMQ is not installed'; return 0; }
  if [ "$(id -u)" = 0 ]; then
    id "$account" >/dev/null 2>&1 || { echo "there is no user $account to run the database as"; return 0; }
  fi
  return 1
}

database_answers() { # within half a minute
  local n
  for n in $(seq 100); do
    "$@" >/dev/null 2>&1 && return
    sleep 0.3
  done
  echo "the database does not start: see $DATABASE_DIR" >&2
  return 1
}

start_kill_database() {
  local port bin
  DATABASE_DIR=$(mktemp -d "${TMPDIR:-/tmp}/guts-kill-database-XXXXXX")
  chmod 755 "$DATABASE_DIR"
  port=$(free_port)
  mkdir "$DATABASE_DIR/here"
  if [ "$1" = postgresql ]; then
    [ "$(id -u)" != 0 ] || chown postgres: "$DATABASE_DIR/here"
    bin=$(dirname "$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -1)")
    as_user postgres "$bin/initdb" -D "$DATABASE_DIR/here/data" -U guts -A trust -E UTF8 --locale=C.UTF-8 >/dev/null
    serve_as postgres setsid "$bin/postgres" -D "$DATABASE_DIR/here/data" -p "$port" -c listen_addresses=127.0.0.1 \
      -c unix_socket_directories="$DATABASE_DIR/here" -c fsync=off -c max_connections=400 >"$DATABASE_DIR/here/log" 2>&1 &
    DATABASE_PIDS+=" $!"
    database_answers "$bin/pg_isready" -q -h 127.0.0.1 -p "$port"
    export GUTS_KILL_DATABASE="postgresql://guts@127.0.0.1:$port"
  else
    [ "$(id -u)" != 0 ] || chown mysql: "$DATABASE_DIR/here"
    as_user mysql mariadb-install-db --no-defaults --datadir="$DATABASE_DIR/here/data" \
      --auth-root-authentication-method=normal --skip-test-db >/dev/null
    serve_as mysql setsid mariadbd --no-defaults --datadir="$DATABASE_DIR/here/data" --port="$port" --max-connections=400 \
      --bind-address=127.0.0.1 --socket="$DATABASE_DIR/here/socket" --pid-file="$DATABASE_DIR/here/pid" \
      --innodb-flush-log-at-trx-commit=0 >"$DATABASE_DIR/here/log" 2>&1 &
    DATABASE_PIDS+=" $!"
    database_answers mariadb --no-defaults -uroot -S "$DATABASE_DIR/here/socket" -e 'select 1'
    mariadb --no-defaults -uroot -S "$DATABASE_DIR/here/socket" -e "create user guts@'127.0.0.1' identified by 'guts';
      grant all on *.* to guts@'127.0.0.1'"
    export GUTS_KILL_DATABASE="mariadb://guts:guts@127.0.0.1:$port"
  fi
}

# start_kill_broker VHOSTS: vhosts kill-0, kill-1, …
start_kill_broker() {
  set -m # a session is what start_broker does not give, a process group of its own is what this gives
  start_broker
  set +m
  local add="[begin rabbit_vhost:add(list_to_binary(\"kill-\" ++ integer_to_list(N)), <<\"kill\">>),
    rabbit_auth_backend_internal:set_permissions(<<\"guest\">>, list_to_binary(\"kill-\" ++ integer_to_list(N)),
      <<\".*\">>, <<\".*\">>, <<\".*\">>, <<\"kill\">>) end || N <- lists:seq(0, $1 - 1)], ok."
  local n
  for n in $(seq 20); do
    broker_control eval "$add" >"$BROKER_DIR/vhosts" 2>&1 && break
    [ "$n" -lt 20 ] || { echo "the broker takes no vhosts: see $BROKER_DIR/vhosts" >&2; return 1; }
    sleep 1
  done
  export GUTS_KILL_BROKER=$GUTS_TEST_RABBITMQ
}

broker_control() {
  env -u RABBITMQ_LOGS HOME="$BROKER_DIR" ERL_EPMD_PORT="$EPMD_PORT" RABBITMQ_NODENAME="guts$AMQP_PORT@localhost" \
    RABBITMQ_CONF_ENV_FILE=/dev/null RABBITMQ_DIST_PORT="$DIST_PORT" /usr/lib/rabbitmq/bin/rabbitmqctl "$@"
}
