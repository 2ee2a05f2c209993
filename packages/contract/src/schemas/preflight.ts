import { SEVERITIES } from '@guts/core';
import Type from 'typebox';
import { Words } from './common.ts';
import { NewMigration } from './migration.ts';

const {
  name: _name,
  instance: _instance,
  target_name: _target,
  destination,
  purpose: _purpose,
  priority: _priority,
  dry_run: _dry,
  ...asked
} = NewMigration.properties;
const text = (description: string, maxLength = 255) =>
  Type.Optional(Type.String({ minLength: 1, maxLength, description }));

/** Which instances are checked, and how they would be moved. */
export const PreflightQuestion = Type.Object(
  {
    ...asked,
    destination: Type.Optional(destination),
    instances: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 2000 }), {
        minItems: 1,
        maxItems: 1000,
        description: 'refs, names or paths; left out: all of the source that the filters leave',
      }),
    ),
    search: text('part of a name or path'),
    power_state: Type.Optional(Words(['on', 'off', 'suspended'])),
    host: text('ref or name of its host'),
    datastore: text('ref or name of a datastore of its disks'),
    network: text('ref or name of a network of its NICs'),
    folder: text('path of a folder it lies in, however deep', 2000),
    guest: text('linux, windows or other; or id or name of its guest system'),
    severity: Type.Optional(
      Type.Unsafe<(typeof SEVERITIES)[number]>({
        type: 'string',
        enum: [...SEVERITIES],
        description: 'only findings as grave as that, and instances that have one',
      }),
    ),
    bytes_per_second: Type.Optional(
      Type.Integer({ minimum: 1, description: 'that one instance is copied with; 100 MiB unless told' }),
    ),
  },
  { additionalProperties: false },
);
export type PreflightQuestion = Type.Static<typeof PreflightQuestion>;
