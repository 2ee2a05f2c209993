# Sourced by up.sh: writes every service's configuration under $LAB_STATE/etc.
# Nothing reads /etc/nova/nova.conf and the like; from /etc only api-paste files,
# rootwrap filters and resource filters are used.

MQ=rabbit://guest:guest@$IP:$LAB_AMQP_PORT/
IDENTITY=http://$IP:$LAB_KEYSTONE_PORT
db() { echo "mysql+pymysql://lab:$LAB_PASSWORD@$IP:$LAB_DB_PORT/$1?charset=utf8"; }

authtoken() {        # authtoken USER: how a service checks its callers' tokens
  cat <<X
[keystone_authtoken]
www_authenticate_uri = $IDENTITY
auth_url = $IDENTITY
memcached_servers = $IP:$LAB_MEMCACHED_PORT
auth_type = password
project_domain_name = Default
user_domain_name = Default
project_name = service
username = $1
password = $LAB_PASSWORD
region_name = $LAB_REGION
service_token_roles = service
service_token_roles_required = true
X
}
roles() {            # Zed's old policy defaults let a project's readers do what its members may
  cat <<X
[oslo_policy]
enforce_new_defaults = true
X
}
client() {           # client SECTION USER: how a service calls another one
  cat <<X
[$1]
auth_type = password
auth_url = $IDENTITY
project_domain_name = Default
user_domain_name = Default
project_name = service
username = $2
password = $LAB_PASSWORD
region_name = $LAB_REGION
X
}

write_config() {
  mkdir -p "$E"/{keystone,glance,placement,nova,neutron,cinder}
  write_keystone; write_placement; write_glance; write_nova; write_neutron; write_cinder; write_libvirt
}

write_keystone() {
  # bcrypt with the usual 12 rounds costs 0.3 s of CPU for every login
  cat >"$E/keystone/keystone.conf" <<X
[DEFAULT]
public_endpoint = $IDENTITY
[database]
connection = $(db keystone)
max_pool_size = 5
[identity]
password_hash_rounds = 4
[token]
provider = fernet
expiration = 14400
[fernet_tokens]
key_repository = $LAB_STATE/keystone/fernet-keys
[fernet_receipts]
key_repository = $LAB_STATE/keystone/fernet-keys
[credential]
key_repository = $LAB_STATE/keystone/credential-keys
[cache]
enabled = true
backend = dogpile.cache.memcached
backend_argument = url:$IP:$LAB_MEMCACHED_PORT
X
}

write_placement() {
  cat >"$E/placement/placement.conf" <<X
[DEFAULT]
[api]
auth_strategy = keystone
[placement_database]
connection = $(db placement)
$(authtoken placement)
X
}

write_glance() {
  # web-download: by default Debian's Glance refuses loopback and odd ports
  cat >"$E/glance/glance-api.conf" <<X
[DEFAULT]
enforce_secure_rbac = true
bind_host = $IP
bind_port = $LAB_GLANCE_PORT
workers = 0
enabled_backends = file:file
enabled_import_methods = [glance-direct,web-download,copy-image]
node_staging_uri = file://$LAB_STATE/glance/staging
worker_self_reference_url = http://$IP:$LAB_GLANCE_PORT
transport_url = $MQ
image_size_cap = 1099511627776
[database]
connection = $(db glance)
[glance_store]
default_backend = file
[file]
filesystem_store_datadir = $LAB_STATE/glance/images
[os_glance_staging_store]
filesystem_store_datadir = $LAB_STATE/glance/staging
[os_glance_tasks_store]
filesystem_store_datadir = $LAB_STATE/glance/tasks
[import_filtering_opts]
allowed_ports = []
allowed_schemes = [http]
allowed_hosts = [$IP]
[paste_deploy]
flavor = keystone
config_file = /etc/glance/glance-api-paste.ini
[oslo_concurrency]
lock_path = $LAB_STATE/glance/lock
$(authtoken glance)
$(roles)
X
}

write_nova() {
  # service_user: Cinder lets Nova detach a volume only with a service token (CVE-2023-2088)
  cat >"$E/nova/nova.conf" <<X
[DEFAULT]
host = $LAB_HOST
my_ip = $IP
transport_url = $MQ
state_path = $LAB_STATE/nova
instances_path = $LAB_STATE/nova/instances
enabled_apis = osapi_compute,metadata
osapi_compute_listen = $IP
osapi_compute_listen_port = $LAB_NOVA_PORT
osapi_compute_workers = 1
metadata_listen = $IP
metadata_listen_port = $LAB_NOVA_METADATA_PORT
metadata_workers = 1
compute_driver = libvirt.LibvirtDriver
rootwrap_config = /etc/nova/rootwrap.conf
cpu_allocation_ratio = 16.0
ram_allocation_ratio = 1.5
disk_allocation_ratio = 10.0
reserved_host_memory_mb = 512
vif_plugging_timeout = 120
allow_resize_to_same_host = true
[api]
auth_strategy = keystone
[api_database]
connection = $(db nova_api)
[database]
connection = $(db nova)
[conductor]
workers = 1
[scheduler]
workers = 1
discover_hosts_in_cells_interval = 5
[glance]
api_servers = http://$IP:$LAB_GLANCE_PORT
[libvirt]
virt_type = qemu
cpu_mode = none
connection_uri = $LIBVIRT_URI
nfs_mount_point_base = $LAB_STATE/nova/mnt
inject_partition = -2
hw_machine_type = x86_64=pc
[vnc]
enabled = true
server_listen = $IP
server_proxyclient_address = $IP
[oslo_concurrency]
lock_path = $LAB_STATE/nova/lock
$(authtoken nova)
$(roles)
$(client service_user nova)
send_service_user_token = true
$(client neutron neutron)
$(client placement placement)
$(client cinder nova)
catalog_info = volumev3::publicURL
os_region_name = $LAB_REGION
X
}

write_neutron() {
  local i maps=
  for i in $(seq "$LAB_PHYSNETS"); do maps+="physnet$i:${LAB_IF_PREFIX}p$i,"; done
  # root_helper = env: we are root already, so no sudo and rootwrap for each command
  cat >"$E/neutron/neutron.conf" <<X
[DEFAULT]
host = $LAB_HOST
bind_host = $IP
bind_port = $LAB_NEUTRON_PORT
api_workers = 1
rpc_workers = 1
rpc_state_report_workers = 0
core_plugin = ml2
service_plugins = router
auth_strategy = keystone
state_path = $LAB_STATE/neutron
transport_url = $MQ
api_paste_config = /etc/neutron/api-paste.ini
notify_nova_on_port_status_changes = true
notify_nova_on_port_data_changes = true
dhcp_agents_per_network = 1
global_physnet_mtu = 1500
[experimental]
linuxbridge = true
[agent]
root_helper = env
[database]
connection = $(db neutron)
[oslo_concurrency]
lock_path = $LAB_STATE/neutron/lock
$(authtoken neutron)
$(roles)
$(client nova nova)
$(client placement placement)
X
  cat >"$E/neutron/ml2_conf.ini" <<X
[ml2]
type_drivers = flat,local,vlan
tenant_network_types = local
mechanism_drivers = linuxbridge
extension_drivers = port_security
[ml2_type_flat]
flat_networks = *
[securitygroup]
enable_security_group = true
enable_ipset = true
firewall_driver = iptables
[linux_bridge]
physical_interface_mappings = ${maps%,}
[vxlan]
enable_vxlan = false
X
  cat >"$E/neutron/dhcp_agent.ini" <<X
[DEFAULT]
interface_driver = linuxbridge
dhcp_driver = neutron.agent.linux.dhcp.Dnsmasq
enable_isolated_metadata = false
resync_interval = 5
X
}

write_cinder() {
  # backend_defaults: the reserved/over-provisioning arithmetic refuses on small disks
  cat >"$E/cinder/cinder.conf" <<X
[DEFAULT]
host = $LAB_HOST
my_ip = $IP
transport_url = $MQ
auth_strategy = keystone
state_path = $LAB_STATE/cinder
api_paste_config = /etc/cinder/api-paste.ini
rootwrap_config = /etc/cinder/rootwrap.conf
resource_query_filters_file = /etc/cinder/resource_filters.json
osapi_volume_listen = $IP
osapi_volume_listen_port = $LAB_CINDER_PORT
osapi_volume_workers = 1
enabled_backends = nfs,nfs-qcow2
default_volume_type = nfs
glance_api_servers = http://$IP:$LAB_GLANCE_PORT
image_conversion_dir = $LAB_STATE/cinder/conversion
[backend_defaults]
max_over_subscription_ratio = 20.0
reserved_percentage = 0
[nfs]
volume_driver = cinder.volume.drivers.nfs.NfsDriver
volume_backend_name = nfs
nfs_shares_config = $E/cinder/nfs_shares
nfs_mount_point_base = $LAB_STATE/cinder/mnt
nfs_sparsed_volumes = true
nfs_qcow2_volumes = false
nfs_snapshot_support = true
nas_secure_file_operations = false
nas_secure_file_permissions = false
[nfs-qcow2]
volume_driver = cinder.volume.drivers.nfs.NfsDriver
volume_backend_name = nfs-qcow2
nfs_shares_config = $E/cinder/nfs_shares
nfs_mount_point_base = $LAB_STATE/cinder/mnt
nfs_sparsed_volumes = true
nfs_qcow2_volumes = true
nfs_snapshot_support = true
nas_secure_file_operations = false
nas_secure_file_permissions = false
[database]
connection = $(db cinder)
[oslo_concurrency]
lock_path = $LAB_STATE/cinder/lock
$(authtoken cinder)
$(roles)
$(client nova nova)
interface = public
$(client service_user cinder)
send_service_user_token = true
X
  echo "$IP:$SHARE" >"$E/cinder/nfs_shares"
  chmod 640 "$E/cinder/nfs_shares"
}

write_libvirt() {
  # no systemd: no cgroup delegation and no virtlogd; guests run as root
  mkdir -p "$LAB_STATE"/libvirt/{etc,run,lib,cache,log}
  cat >"$LAB_STATE/libvirt/etc/qemu.conf" <<'X'
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
security_default_confined = 0
cgroup_controllers = [ ]
namespaces = [ ]
stdio_handler = "file"
X
  cat >"$LAB_STATE/libvirt/etc/libvirtd.conf" <<'X'
listen_tls = 0
listen_tcp = 0
unix_sock_rw_perms = "0700"
auth_unix_ro = "none"
auth_unix_rw = "none"
X
}
