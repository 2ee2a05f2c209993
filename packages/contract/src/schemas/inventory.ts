import Type from 'typebox';
import { Bytes, Nullable, Words } from './common.ts';

const Text = Type.String();
export const IpAddress = Type.Object({ address: Text, prefix: Type.Integer() });

export const InstanceDisk = Type.Object({
  key: Text,
  object_id: Text,
  label: Text,
  capacity_bytes: Bytes,
  bus: Words(['scsi', 'sata', 'ide', 'nvme']),
  controller: Text,
  datastore_ref: Nullable(Text),
  datastore_name: Nullable(Text),
  path: Nullable(Text),
  thin: Type.Boolean(),
  obstacles: Type.Array(Text),
  delta: Type.Boolean(),
});

export const Instance = Type.Object({
  ref: Type.String({ description: "the source's own id" }),
  name: Text,
  path: Type.String({ description: 'folders, data centre first; a slash in a name is %2f' }),
  uuid: Nullable(Text),
  power_state: Words(['on', 'off', 'suspended']),
  connected: Type.Boolean(),
  template: Type.Boolean(),
  cpus: Type.Integer(),
  cores_per_socket: Type.Integer(),
  memory_mib: Type.Integer(),
  firmware: Words(['bios', 'uefi']),
  secure_boot: Type.Boolean(),
  tpm: Type.Boolean(),
  encrypted: Type.Boolean(),
  guest_id: Nullable(Text),
  guest_name: Nullable(Text),
  os_type: Words(['linux', 'windows', 'other']),
  tools_running: Type.Boolean(),
  change_tracking: Type.Object({ supported: Type.Boolean(), enabled: Type.Boolean() }),
  snapshot_count: Type.Integer(),
  host_ref: Nullable(Text),
  host_name: Nullable(Text),
  disks: Type.Array(InstanceDisk),
  boot_disk_key: Nullable(Text),
  nics: Type.Array(
    Type.Object({
      key: Text,
      label: Text,
      mac: Text,
      model: Text,
      network_ref: Nullable(Text),
      network_name: Nullable(Text),
      connected: Type.Boolean(),
      addresses: Type.Array(IpAddress),
    }),
  ),
});
export type Instance = Type.Static<typeof Instance>;

export const Network = Type.Object({ ref: Text, name: Text, kind: Text });
export type Network = Type.Static<typeof Network>;
export const Datastore = Type.Object({
  ref: Text,
  name: Text,
  kind: Text,
  capacity_bytes: Nullable(Bytes),
  free_bytes: Nullable(Bytes),
});
export type Datastore = Type.Static<typeof Datastore>;
export const Host = Type.Object({
  ref: Text,
  name: Text,
  address: Nullable(Text),
  connected: Type.Boolean(),
});
export type Host = Type.Static<typeof Host>;
