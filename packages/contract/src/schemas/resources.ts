import Type from 'typebox';
import { Bytes, Id, Nullable, Words } from './common.ts';
import { InstanceDisk } from './inventory.ts';

const Text = Type.String();

/** What workers can reach, with what its settings may be. */
export const Driver = Type.Object({
  name: Text,
  side: Words(['source', 'destination']),
  title: Text,
  settings: Type.Record(Text, Type.Unknown(), { description: 'JSON Schema of the settings' }),
  secret: Type.Record(Text, Type.Unknown(), { description: 'JSON Schema of the secret' }),
  workers: Type.Array(Id, { description: 'those alive that have it' }),
});
export type Driver = Type.Static<typeof Driver>;

/** A disk of an instance at a source. */
export const Volume = Type.Object({
  id: Type.String({ description: 'ref of the instance, a slash, key of the disk' }),
  instance_ref: Text,
  instance_name: Text,
  boot: Type.Boolean(),
  ...InstanceDisk.properties,
});
export type Volume = Type.Static<typeof Volume>;

export const DestinationFlavor = Type.Object({
  id: Text,
  name: Text,
  vcpus: Type.Integer(),
  ram_mib: Type.Integer(),
  disk_gib: Type.Integer({ description: '0: as large as the image' }),
  ephemeral_gib: Type.Integer(),
  extra_specs: Type.Record(Text, Text),
});
export const DestinationNetwork = Type.Object({
  id: Text,
  name: Text,
  shared: Type.Boolean(),
  external: Type.Boolean(),
  own: Type.Boolean({ description: "owned by the credential's project" }),
  subnets: Type.Array(Type.Object({ id: Text, name: Text, cidr: Text, ip_version: Type.Integer() })),
});
export type DestinationNetwork = Type.Static<typeof DestinationNetwork>;
export const DestinationVolumeType = Type.Object({ id: Text, name: Text });

const Amount = Type.Integer({ minimum: 0 });
/** How much may happen at once and how much does, and how much one request may ask for. */
export const LimitsAnswer = Type.Object({
  limits: Type.Object(
    {
      host_streams: Amount,
      source_streams: Amount,
      datastore_streams: Amount,
      project_migrations: Amount,
      plan_migrations: Amount,
      overrides: Type.Record(Text, Amount),
    },
    { description: '0: no limit' },
  ),
  used: Type.Array(Type.Object({ resource: Text, limit: Amount, used: Amount }), {
    description: 'limited things that migrations of this project use now, with what all projects use of them',
  }),
  slots: Type.Object({ total: Amount, used: Amount }, { description: 'of the workers that are alive' }),
  api: Type.Object({
    page: Amount,
    bulk_migrations: Amount,
    body_bytes: Bytes,
    bulk_body_bytes: Bytes,
    requests_per_minute: Nullable(Amount),
  }),
});
export type LimitsAnswer = Type.Static<typeof LimitsAnswer>;
