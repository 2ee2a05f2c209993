import fc from 'fast-check';
import { expect, test } from 'vitest';
import { disk, facts, instance, nic, question, spec, traits } from '../../test/preflight-fixtures.ts';
import type { Instance } from '../inventory.ts';
import type { MigrationSpec } from '../migration.ts';
import { RULES } from './catalogue.ts';
import { preflight } from './check.ts';
import { isBlocker } from './finding.ts';
import { Tally } from './tally.ts';

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('', '*', 'constructor', '__proto__', 'vmxnet3', 'prod', '10.0.0.9', 'fe80::1%eth0', '2000'),
);
const number = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(0, -1, NaN, Infinity, 2 ** 53));
const orNull = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: null });
/** An object like the one given, each of whose fields may be anything of its kind. */
function like<T extends object>(base: T): fc.Arbitrary<T> {
  const field = (value: unknown): fc.Arbitrary<unknown> => {
    if (typeof value === 'string') return fc.oneof(fc.constant(value), text);
    if (typeof value === 'number') return fc.oneof(fc.constant(value), number);
    if (typeof value === 'boolean') return fc.boolean();
    if (value === null) return orNull(text);
    if (Array.isArray(value)) {
      const [first] = value as unknown[];
      return fc.array(first === undefined ? text : field(first), { maxLength: 4 });
    }
    return like(value as object);
  };
  const fields = Object.entries(base).map(([key, value]) => [key, field(value)] as const);
  return fc.record(Object.fromEntries(fields)) as unknown as fc.Arbitrary<T>;
}
const anyInstance = fc
  .tuple(like<Instance>({ ...instance, disks: [{ ...disk, obstacles: ['x'] }], nics: [nic] }), fc.boolean())
  .map(([one, old]): Instance => {
    if (!old) return one;
    const { traits: _none, ...before } = one;
    return before;
  });
const anySpec = like<MigrationSpec>({
  ...spec,
  securityGroups: ['x'],
  mapping: {
    networks: { '*': { network: 'prod', subnet: 'x', addresses: ['10.0.0.9'], skip: false } },
    datastores: { DS1: 'fast' },
    nics: { '4000': { network: 'prod' } },
    disks: { '2000': { volumeType: 'fast', skip: false } },
  },
});

test('whatever an instance, a mapping and a destination are like, every finding has a rule, and no plan a blocker', () => {
  fc.assert(
    fc.property(
      anyInstance,
      anySpec,
      orNull(like(facts)),
      fc.constantFrom('cold', 'warm'),
      (one, asked, there, mode) => {
        const about = {
          ...question(),
          instance: one,
          spec: asked,
          facts: there,
          mode: mode as 'cold',
        };
        const first = preflight(about);
        expect(preflight(structuredClone(about)).findings).toEqual(first.findings);
        expect(first.plan !== null).toBe(there !== null && !first.findings.some(isBlocker));
        const order = first.findings.map(({ code }) => RULES.findIndex(({ id }) => id === code));
        expect(order.every((place) => place >= 0)).toBe(true);
        expect(order).toEqual(order.toSorted((a, b) => a - b));
      },
    ),
    { numRuns: 300 },
  );
});

test('a tally counts instances and findings, the gravest rule first, and what all take together', () => {
  const tally = new Tally();
  const add = (change: Parameters<typeof question>[0]): void => tally.add(preflight(question(change)));
  add({});
  add({ instance: { tpm: true } });
  add({ instance: { template: true, tpm: true } });
  add({ instance: { traits: { ...traits, usedBytes: null } } });
  expect(tally.results).toEqual({ blocked: 1, warned: 1, ready: 2 });
  expect(tally.rules().slice(0, 2)).toMatchObject([
    { code: 'instance.template', severity: 'blocker', instances: 1 },
    { code: 'instance.tpm', title: 'A virtual TPM', severity: 'warning', instances: 2, findings: 2 },
  ]);
  expect(tally.kept).toMatchObject({ instances: 3, cores: 6, ports: 3 });
  expect(tally.bytes).toEqual({ capacity: 30 * 2 ** 30, data: 18 * 2 ** 30, unknown: 1 });
  const room = (cores: number | null) => tally.together({ ...facts, quota: { ...facts.quota, cores } });
  expect(room(6)).toEqual([]);
  expect(room(null)).toEqual([]);
  expect(room(5)).toMatchObject([
    { code: 'quota.together', severity: 'warning', message: expect.stringContaining('all together need 6') },
  ]);
});
