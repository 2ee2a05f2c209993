# Sourced: start_databases and stop_databases run a private PostgreSQL and a private MariaDB.
# Sets GUTS_TEST_POSTGRESQL and GUTS_TEST_MARIADB (URLs), DATABASE_PIDS and DATABASE_DIR.
DATABASE_PIDS=
DATABASE_DIR=

as_user() { # as_user USER COMMAND...: servers refuse to run as root
  local user=$1
  shift
  if [ "$(id -u)" = 0 ]; then setpriv --reuid "$user" --regid "$user" --init-groups env HOME="$DATABASE_DIR" "$@"; else "$@"; fi
}

serve_as() { # serve_as USER COMMAND...: becomes the server, so that the pid of the job is the server's own
  local user=$1
  shift
  if [ "$(id -u)" = 0 ]; then
    exec setpriv --reuid "$user" --regid "$user" --init-groups env HOME="$DATABASE_DIR" "$@"
  else
    exec "$@"
  fi
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

install_databases() {
  local missing=()
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
  command -v mariadbd >/dev/null || missing+=(mariadb-server)
  [ ${#missing[@]} -eq 0 ] && return
  # Debian would start what it installs.
  local policy=/usr/sbin/policy-rc.d made=
  if [ ! -e $policy ]; then printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy && made=1; fi
  apt-get -o DPkg::Lock::Timeout=900 -q update >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=900 -q -y install "${missing[@]}" >/dev/null
  [ -z "$made" ] || rm -f $policy
}

start_databases() {
  install_databases
  DATABASE_DIR=$(mktemp -d "${TMPDIR:-/tmp}/guts-databases-XXXXXX")
  chmod 755 "$DATABASE_DIR"
  local bin pg_port maria_port
  bin=$(dirname "$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -1)")
  pg_port=$(free_port)
  mkdir "$DATABASE_DIR/pg" "$DATABASE_DIR/maria"
  if [ "$(id -u)" = 0 ]; then
    chown postgres: "$DATABASE_DIR/pg"
    chown mysql: "$DATABASE_DIR/maria"
  fi
  as_user postgres "$bin/initdb" -D "$DATABASE_DIR/pg/data" -U guts -A trust -E UTF8 --locale=C.UTF-8 >/dev/null
  serve_as postgres "$bin/postgres" -D "$DATABASE_DIR/pg/data" -p "$pg_port" -c listen_addresses=127.0.0.1 \
    -c unix_socket_directories="$DATABASE_DIR/pg" -c fsync=off >"$DATABASE_DIR/pg/log" 2>&1 &
  DATABASE_PIDS+=" $!"
  maria_port=$(free_port)
  as_user mysql mariadb-install-db --no-defaults --datadir="$DATABASE_DIR/maria/data" --auth-root-authentication-method=normal \
    --skip-test-db >/dev/null
  serve_as mysql mariadbd --no-defaults --datadir="$DATABASE_DIR/maria/data" --port="$maria_port" \
    --bind-address=127.0.0.1 --socket="$DATABASE_DIR/maria/socket" --pid-file="$DATABASE_DIR/maria/pid" \
    --innodb-flush-log-at-trx-commit=0 >"$DATABASE_DIR/maria/log" 2>&1 &
  DATABASE_PIDS+=" $!"
  local n
  for n in $(seq 100); do
    "$bin/pg_isready" -q -h 127.0.0.1 -p "$pg_port" &&
      mariadb --no-defaults -uroot -S "$DATABASE_DIR/maria/socket" -e 'select 1' >/dev/null 2>&1 && break
    [ "$n" -lt 100 ] || { echo "the databases do not start: see $DATABASE_DIR" >&2; return 1; }
    sleep 0.3
  done
  mariadb --no-defaults -uroot -S "$DATABASE_DIR/maria/socket" -e "create user guts@'127.0.0.1' identified by 'guts';
    grant all on *.* to guts@'127.0.0.1'"
  export GUTS_TEST_POSTGRESQL="postgresql://guts@127.0.0.1:$pg_port" GUTS_TEST_MARIADB="mariadb://guts:guts@127.0.0.1:$maria_port"
}

stop_databases() {
  local pid
  for pid in $DATABASE_PIDS; do kill "$pid" 2>/dev/null || true; done
  for pid in $DATABASE_PIDS; do wait "$pid" 2>/dev/null || true; done
  [ -z "$DATABASE_DIR" ] || rm -rf "$DATABASE_DIR"
}
