import { DEFAULT_POLICIES, type MigrationSpec } from '@guts/core';
import { describe, expect, test } from 'vitest';
import { specDifferences } from './spec-difference.ts';

const SPEC: MigrationSpec = {
  transport: 'auto',
  bootFrom: 'image',
  keepMac: true,
  keepIp: false,
  mapping: { networks: {}, datastores: {}, nics: {}, disks: {} },
  flavor: null,
  targetName: null,
  availabilityZone: null,
  securityGroups: [],
  properties: {},
  policies: DEFAULT_POLICIES,
};
const asked = (spec: object, targetProject: string | null = null) => ({
  spec: { ...SPEC, ...spec } as MigrationSpec,
  targetProject,
});

describe('what differs between two runs', () => {
  test('is nothing when the same was asked for, in whatever order', () => {
    const networks = { a: { network: 'x' }, b: { network: 'y' } };
    const turned = { b: { network: 'y' }, a: { network: 'x' } };
    const then = asked({ mapping: { ...SPEC.mapping, networks } });
    expect(specDifferences(then, asked({ mapping: { ...SPEC.mapping, networks: turned } }))).toEqual([]);
  });
  test('is told by the options, with both values', () => {
    const now = asked({ flavor: 'm1', policies: { ...DEFAULT_POLICIES, power: 'off' } }, 'p');
    expect(specDifferences(asked({}), now)).toEqual([
      '--target-project (then none, now "p")',
      '--flavor (then none, now "m1")',
      '--power (then "guest", now "off")',
    ]);
  });
  // A commit right away is nothing that the command line can ask for.
  const { commit: _none, ...policies } = DEFAULT_POLICIES;
  const { policies: _all, mapping, ...plain } = SPEC;
  const changed = (value: unknown): unknown => (typeof value === 'boolean' ? !value : 'something else');
  test.for([
    ...Object.entries(plain).map(([key, value]) => ({ [key]: changed(value) })),
    ...Object.keys(mapping).map((key) => ({ mapping: { ...mapping, [key]: { '*': 'something else' } } })),
    ...Object.entries(policies).map(([key, value]) => ({
      policies: { ...DEFAULT_POLICIES, [key]: changed(value) },
    })),
  ])('is found in every field: %o', (other) => {
    expect(specDifferences(asked({}), asked(other))).toHaveLength(1);
  });
});
