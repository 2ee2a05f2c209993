import { SEVERITIES } from '@guts/core';
import Type from 'typebox';
import { Bytes, Nullable, Words } from './common.ts';
import { Finding } from './finding.ts';

const Text = Type.String();
const Amount = Type.Integer({ minimum: 0 });

/** How much is sent, and how long the copy takes. */
const Prediction = Type.Object({
  capacity_bytes: Bytes,
  data_bytes: Nullable(Type.Integer({ minimum: 0, description: 'what may hold data; null: not told' })),
  bytes_per_second: Type.Number(),
  assumed: Type.Boolean({ description: 'nobody gave a rate' }),
  seconds: Amount,
});

/** The target as it would be made. */
const DraftPlan = Type.Object({
  server_name: Text,
  flavor: Type.Object({ id: Text, name: Text, reason: Text }),
  nics: Type.Array(
    Type.Object({
      key: Text,
      label: Text,
      network_id: Text,
      network_name: Text,
      mac: Nullable(Type.String({ description: 'null: Neutron chooses' })),
      addresses: Type.Array(Type.Object({ subnet_id: Type.Optional(Text), address: Type.Optional(Text) }), {
        description: 'none: Neutron chooses',
      }),
    }),
  ),
  disks: Type.Array(
    Type.Object({
      key: Text,
      label: Text,
      capacity_bytes: Bytes,
      size_gib: Amount,
      boot: Type.Boolean(),
      target: Words(['image', 'volume']),
      volume_type: Nullable(Text),
      fill: Words(['auto', 'device', 'image']),
    }),
  ),
  security_group_ids: Type.Array(Text),
  availability_zone: Nullable(Text),
  data_disk_bus: Nullable(Text),
  properties: Type.Record(Text, Text),
});
export type DraftPlan = Type.Static<typeof DraftPlan>;

export const CHECK_RESULTS = ['blocked', 'warned', 'ready'] as const;
/** What preflight has to say of one instance. */
export const InstanceCheck = Type.Object({
  ref: Text,
  name: Text,
  path: Text,
  result: Words(CHECK_RESULTS),
  findings: Type.Array(
    Type.Object({
      ...Finding.properties,
      unknown: Type.Optional(
        Type.Boolean({ description: 'true: what the rule looks at is not known, it may be so or not' }),
      ),
    }),
  ),
  plan: Nullable(DraftPlan),
  prediction: Prediction,
});
export type InstanceCheck = Type.Static<typeof InstanceCheck>;

/** A rule that could not be asked here: the migration's own preflight asks it. */
export const UnaskedRule = Type.Object({ code: Text, title: Text });
export type UnaskedRule = Type.Static<typeof UnaskedRule>;

/** A rule, as docs/preflight.md has it. */
export const PreflightRule = Type.Object({
  code: Text,
  area: Text,
  title: Text,
  severities: Type.Array(Words(SEVERITIES)),
  needs: Words(['instance', 'destination', 'ports', 'source']),
  explanation: Text,
  remedy: Text,
});
export type PreflightRule = Type.Static<typeof PreflightRule>;

/** Many instances at once. */
export const PreflightSummary = Type.Object({
  instances: Amount,
  blocked: Amount,
  warned: Amount,
  ready: Amount,
  severities: Type.Object(
    { blocker: Amount, warning: Amount, information: Amount },
    { description: 'findings' },
  ),
  rules: Type.Array(
    Type.Object({
      code: Text,
      title: Text,
      severity: Words(SEVERITIES),
      instances: Amount,
      findings: Amount,
    }),
    { description: 'those with findings, the gravest and most frequent first' },
  ),
  totals: Type.Object(
    {
      capacity_bytes: Bytes,
      data_bytes: Bytes,
      data_unknown: Type.Integer({ minimum: 0, description: 'instances whose data is not told' }),
      cores: Amount,
      ram_mib: Amount,
      volumes: Amount,
      gigabytes: Amount,
      ports: Amount,
    },
    { description: 'what all that nothing blocks take together' },
  ),
  findings: Type.Array(Finding, {
    description: 'of all together: quotas that have room for one, not for all',
  }),
  not_asked: Type.Array(UnaskedRule),
});
export type PreflightSummary = Type.Static<typeof PreflightSummary>;
