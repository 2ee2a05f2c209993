import { afterAll, beforeAll, expect, test } from 'vitest';
import { stepsFor } from '@guts/core';
import type { VCenter } from '@guts/lab-vcenter';
import { newIn, RealCloud } from './support/cloud.ts';
import { migrate } from './support/guts.ts';
import { BIOS, startSource } from './support/source.ts';

/** Two ways of filling disks by turns, so that every kind of artifact is made and undone. */
const WAYS = [
  { 'boot-from': 'image', 'volume-access': 'image', transport: 'datastore' },
  { 'boot-from': 'volume', 'volume-access': 'device', transport: 'lease' },
] as const;

const CASES = stepsFor('cold').flatMap(({ name }) =>
  WAYS.map((way) => ({ step: name, from: way['boot-from'], way })),
);

let source: VCenter;
let cloud: RealCloud;
beforeAll(async () => {
  source = await startSource();
  cloud = await RealCloud.open('lab-demo');
});
afterAll(async () => {
  await source.close();
});

test.each(CASES)('fails after $step, booting from $from: all is put back', async ({ step, way }) => {
  const before = await cloud.holdings();
  const machine = source.machine(BIOS);
  const nics = machine.connectedNics;
  try {
    const run = await migrate(source, {
      instance: BIOS,
      cloud: 'lab-demo',
      flags: {
        network: 'demo-net',
        'on-failure': 'undo',
        'verify-boot': 'report',
        'boot-seconds': '1',
        ...way,
      },
      env: { GUTS_FAULT_AFTER: step },
    });
    expect(run).toMatchObject({ code: 1, report: { status: 'failed', artifacts: [] } });
    expect(run.report?.summary).toContain(`failed on purpose after ${step}`);
    expect(machine.powerState).toBe('poweredOn');
    expect(machine.connectedNics).toEqual(nics);
    expect(machine.exporting).toBe(false);
    expect(machine.snapshots).toEqual([]);
    expect(machine.changeTracking.wanted).toBe(false);
    expect(newIn(await cloud.holdings(), before)).toEqual(newIn(before, before));
  } finally {
    await cloud.removeNew(before);
    if (machine.powerState !== 'poweredOn') machine.setPower('poweredOn');
  }
});
