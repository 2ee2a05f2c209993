import { afterAll, beforeAll, expect, test } from 'vitest';
import type { VCenter } from '@guts/lab-vcenter';
import { counts, newIn, RealCloud } from './support/cloud.ts';
import { migrate } from './support/guts.ts';
import { BIOS, MAC, startSource } from './support/source.ts';

/** What cannot work is refused in clear words before a byte is read, and leaves no trace. Exit codes: core's errors. */
const REFUSALS = [
  {
    title: 'a member may not choose a MAC address on a network of someone else',
    cloud: 'lab-demo',
    flags: { network: 'provider1' },
    code: 8,
    says: [`this project may not choose ${MAC[BIOS]}`, 'disallowed by policy'],
  },
  {
    title: "the project's quota does not cover the volumes",
    cloud: 'lab-demo2',
    flags: { network: 'provider1', 'no-keep-mac': '', 'boot-from': 'volume' },
    code: 6,
    says: ['quota', 'volumes'],
  },
  {
    title: 'there is no such flavor',
    cloud: 'lab-demo',
    flags: { network: 'demo-net', flavor: 'm1.gone' },
    code: 6,
    says: ["no flavor 'm1.gone'"],
  },
  {
    title: 'a network is not mapped',
    cloud: 'lab-demo',
    flags: { network: 'Other network=demo-net' },
    code: 6,
    says: ["network 'VM Network'", 'not mapped'],
  },
  {
    title: 'there is no such network at the destination',
    cloud: 'lab-demo',
    flags: { network: 'no-such-network' },
    code: 6,
    says: ["no network 'no-such-network'"],
  },
  {
    title: 'a reader may not make anything',
    cloud: 'lab-demo-reader',
    flags: { network: 'demo-net' },
    code: 8,
    says: ['policy'],
  },
] as const;

let source: VCenter;
beforeAll(async () => {
  source = await startSource();
});
afterAll(async () => {
  await source.close();
});

test.each(REFUSALS)('refused: $title', async ({ cloud: name, flags, code, says }) => {
  const cloud = await RealCloud.open(name);
  const before = await cloud.holdings();
  const machine = source.machine(BIOS);
  try {
    const run = await migrate(source, {
      instance: BIOS,
      cloud: name,
      flags: { ...flags, 'verify-boot': 'off' },
    });
    expect(run).toMatchObject({ code, report: { status: 'failed', artifacts: [] } });
    for (const words of says) expect(run.report?.summary).toContain(words);
    expect(run.report?.steps.map((one) => one.step)).not.toContain('transfer');
    expect(run.report?.steps.map((one) => one.step)).not.toContain('shutdown');
    expect(machine.powerState).toBe('poweredOn');
    expect(machine.exporting).toBe(false);
    expect(machine.annotation).toBe('');
    expect(newIn(await cloud.holdings(), before)).toEqual(newIn(before, before));
  } finally {
    await cloud.removeNew(before);
  }
});

test('no flavor is big enough: refused, with what was asked for', async () => {
  const cloud = await RealCloud.open('lab-demo');
  const before = await cloud.holdings();
  const huge = await source.addMachine({
    name: 'huge',
    cpus: 96,
    memoryMiB: 2 ** 20,
    powerState: 'poweredOn',
    toolsRunning: true,
    disks: [{ sizeBytes: 2 ** 20, source: { pattern: 3 } }],
    nics: [{ mac: '00:50:56:1f:7a:10', network: 'VM Network' }],
  });
  try {
    const run = await migrate(source, {
      instance: 'huge',
      cloud: 'lab-demo',
      flags: { network: 'demo-net', 'verify-boot': 'off' },
    });
    expect(run).toMatchObject({ code: 6, report: { status: 'failed', artifacts: [] } });
    expect(run.report?.summary).toMatch(/flavor/);
    expect(run.report?.summary).toMatch(/96/);
    expect(huge.powerState).toBe('poweredOn');
    expect(counts(newIn(await cloud.holdings(), before))).toEqual(counts(newIn(before, before)));
  } finally {
    await cloud.removeNew(before);
  }
});
