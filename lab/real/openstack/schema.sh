# Sourced by up.sh: databases and their schemas.

create_databases() {
  local d
  {
    for d in "${DATABASES[@]}"; do echo "CREATE DATABASE IF NOT EXISTS $d CHARACTER SET utf8mb3;"; done
    echo "CREATE USER IF NOT EXISTS 'lab'@'$IP' IDENTIFIED BY '$LAB_PASSWORD';"
    echo "GRANT ALL ON *.* TO 'lab'@'$IP';"
  } | sql
}
DATABASES=(keystone glance placement nova_api nova_cell0 nova neutron cinder)
SCHEMAS=(keystone neutron nova placement glance cinder)

setup_keystone() {
  local k=(keystone-manage --config-file "$E/keystone/keystone.conf")
  "${k[@]}" db_sync
  "${k[@]}" fernet_setup --keystone-user root --keystone-group root
  "${k[@]}" credential_setup --keystone-user root --keystone-group root
  "${k[@]}" bootstrap --bootstrap-password "$LAB_PASSWORD" --bootstrap-region-id "$LAB_REGION" \
    --bootstrap-admin-url "$IDENTITY/v3/" --bootstrap-internal-url "$IDENTITY/v3/" \
    --bootstrap-public-url "$IDENTITY/v3/"
}
setup_nova() {
  # templates instead of addresses: the ports may change between two starts
  local n=(nova-manage --config-file "$E/nova/nova.conf") at='{scheme}://{username}:{password}@{hostname}:{port}'
  "${n[@]}" api_db sync
  "${n[@]}" cell_v2 map_cell0 --database_connection "$at/nova_cell0?{query}"
  "${n[@]}" cell_v2 list_cells | grep -q cell1 ||
    "${n[@]}" cell_v2 create_cell --name cell1 --database_connection "$at/nova?{query}" --transport-url "$at/"
  "${n[@]}" db sync
}
setup_neutron() {
  neutron-db-manage --config-file "$E/neutron/neutron.conf" --config-file "$E/neutron/ml2_conf.ini" upgrade heads
}
setup_cinder() { cinder-manage --config-file "$E/cinder/cinder.conf" db sync; }
setup_glance() { glance-manage --config-file "$E/glance/glance-api.conf" db_sync; }
setup_placement() { placement-manage --config-file "$E/placement/placement.conf" db sync; }
strict() { (set -euo pipefail; "$1"); }
schema() { once "$1" strict "setup_$1"; }

# The migrations cost over a minute of CPU and always end in the same schema: it is
# kept, keyed by the package versions and by the settings that it contains.
setup_schemas() {
  local key cached s r k p fresh=1 pids=()
  key=$({
    dpkg-query -W python3-{keystone,glance,placement,nova,neutron,cinder} mariadb-server
    echo "2 $LAB_PASSWORD $LAB_REGION"
  } | sha256sum | cut -c1-16)
  cached=$LAB_CACHE/schema-$key.sql.gz
  for s in "${SCHEMAS[@]}"; do if [ -e "$D/$s" ]; then fresh=0; fi; done
  if [ $fresh = 1 ] && [ -e "$cached" ]; then
    zcat "$cached" | sql
    for r in fernet-keys credential-keys; do   # as keystone-manage's fernet_setup and credential_setup make them
      mkdir -p "$LAB_STATE/keystone/$r"
      chmod 700 "$LAB_STATE/keystone/$r"
      for k in 0 1; do head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '\n' >"$LAB_STATE/keystone/$r/$k"; done
      chmod 600 "$LAB_STATE/keystone/$r"/*
    done
    for s in "${SCHEMAS[@]}"; do : >"$D/$s"; done
  else
    schema nova & pids+=($!)
    (schema keystone && schema neutron) & pids+=($!)
    (schema placement && schema glance && schema cinder) & pids+=($!)
    for p in "${pids[@]}"; do wait "$p" || { echo "up: a schema step failed" >&2; exit 1; }; done
    if [ $fresh = 1 ]; then
      mkdir -p "$LAB_CACHE"
      mariadb-dump --no-defaults --socket="$R/mysql.sock" -uroot --skip-dump-date --databases "${DATABASES[@]}" |
        gzip -9 >"$cached.part"
      mv "$cached.part" "$cached"
    fi
  fi
  # Keystone's own endpoint must be right before anybody can ask for the others.
  sql -e "UPDATE keystone.endpoint e JOIN keystone.service s ON e.service_id = s.id
          SET e.url = '$IDENTITY/v3/' WHERE s.type = 'identity'"
}
