import { GutsError } from '@guts/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Rig } from './rig.ts';

let rig: Rig;
let refusals: readonly string[] = [];
beforeEach(async () => {
  rig = await Rig.open();
  // The request that makes the server comes when the source is on again.
  rig.destination.hold.add('server');
  rig.source.onPowerOn = () => {
    refusals = rig.destination.land();
    return Promise.resolve();
  };
});
afterEach(() => rig.store.close());

const noNic = {
  mapping: {
    networks: { '*': { network: 'own' } },
    datastores: {},
    nics: { '4000': { network: 'own', skip: true } },
    disks: {},
  },
};

describe('a server whose creation is carried out late', () => {
  test.for([
    ['undo', 'image', {}],
    ['keep', 'image', {}],
    ['keep', 'volume', {}],
    ['keep', 'image', noNic],
    ['undo', 'volume', noNic],
  ] as const)('never runs beside the source: on_failure %s, boot from %s, %j', async (given) => {
    const [onFailure, bootFrom, spec] = given;
    await rig.create({ onFailure }, { bootFrom, ...spec });
    expect(await rig.run()).toMatchObject({ status: 'failed', error: { code: 'destination_unreachable' } });
    expect(rig.source.power).toBe('on');
    expect(refusals).toEqual([expect.stringMatching(/there is no (port|image|volume)-/)]);
    expect(rig.destination.kinds()).not.toContain('server');
    await rig.retry();
    expect((await rig.run()).status).toBe('completed');
    expect(rig.destination.kinds().filter((kind) => kind === 'server')).toHaveLength(1);
  });
});

test('of a source that stays off: the volume that had to go is copied anew, what stands is not', async () => {
  rig.source.power = 'off';
  await rig.create({ onFailure: 'keep' }, { bootFrom: 'volume', ...noNic });
  expect((await rig.run()).status).toBe('failed');
  const { bytesRead } = rig.source;
  await rig.retry();
  expect((await rig.run()).status).toBe('completed');
  const volumes = [...rig.destination.things.values()].filter(({ kind }) => kind === 'volume');
  expect(new Set(volumes.map(({ bytes }) => bytes[0]))).toEqual(new Set([1, 2]));
  expect(rig.source.bytesRead - bytesRead).toBe(4096);
});

test('a server that was made twice does not run beside the source, whatever is kept', async () => {
  rig.destination.hold.clear();
  rig.destination.console = 'kernel panic';
  await rig.create({ onFailure: 'keep', verifyBoot: 'require' });
  const ended = await rig.run({
    afterStep: (step) => {
      if (step !== 'provision') return;
      const { marker = '' } =
        [...rig.destination.things.values()].find(({ kind }) => kind === 'server') ?? {};
      rig.destination.leave('server', marker);
    },
  });
  expect(ended).toMatchObject({ status: 'failed', error: { code: 'boot_not_proven' } });
  expect(ended.error?.details).toBeUndefined();
  expect(rig.destination.kinds().filter((kind) => kind === 'server')).toHaveLength(1);
});

test('an undo removes what was made twice, whatever it is', async () => {
  rig.destination.hold.clear();
  await rig.create({}, { bootFrom: 'volume' });
  const ended = await rig.run({
    afterStep: (step) => {
      if (step !== 'provision') return;
      const made = Array.from(rig.destination.things.values());
      for (const { kind, marker } of made) rig.destination.leave(kind, marker);
      throw new GutsError('fault_injected', 'on purpose');
    },
  });
  expect(ended).toMatchObject({ status: 'failed', error: { code: 'fault_injected' } });
  expect(rig.destination.kinds()).toEqual([]);
  expect(rig.source.power).toBe('on');
});
