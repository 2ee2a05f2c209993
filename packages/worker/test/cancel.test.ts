import type { Policies } from '@guts/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Rig } from './rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await Rig.open();
});
afterEach(() => rig.store.close());

const everythingIsBack = (): void => {
  expect(rig.destination.kinds()).toEqual([]);
  expect(rig.source).toMatchObject({ power: 'on', notes: 'kept by ops' });
};

describe('a cancel that was accepted and that no renewal told of', () => {
  test.for(['manual', 'auto'] as const)('comes before completion, commit: %s', async (commit) => {
    await rig.create({ commit });
    const ended = await rig.run({
      afterStep: (step) => {
        if (step === 'release') void rig.store.requestCancel(rig.id, rig.event('cancel'));
      },
    });
    expect(ended).toMatchObject({ status: 'cancelled', error: null });
    everythingIsBack();
  });

  const refused: readonly ['finishLease' | 'setPosition', Policies['commit']][] = [
    ['finishLease', 'manual'],
    ['setPosition', 'auto'],
  ];
  test.for(refused)('is found by the database in %s', async ([method, commit]) => {
    await rig.create({ commit });
    const { store } = rig;
    const finishLease = store.finishLease.bind(store);
    const setPosition = store.setPosition.bind(store);
    const ask = () => store.requestCancel(rig.id, rig.event('cancel'));
    if (method === 'finishLease')
      store.finishLease = async (lease, change, event) => {
        if (change.status === 'completed') await ask();
        return finishLease(lease, change, event);
      };
    else
      store.setPosition = async (lease, status, ...rest) => {
        if (status === 'committing') await ask();
        return setPosition(lease, status, ...rest);
      };
    expect((await rig.run()).status).toBe('cancelled');
    everythingIsBack();
  });

  test('while a failure is put back removes what the policy would have kept', async () => {
    rig.destination.refuse.add('server');
    await rig.create({ onFailure: 'keep' });
    rig.source.onPowerOn = () => rig.store.requestCancel(rig.id, rig.event('cancel'));
    expect(await rig.run()).toMatchObject({ status: 'cancelled', error: null });
    everythingIsBack();
  });

  test('is too late for a commit that has begun: the next worker ends it', async () => {
    await rig.create();
    await rig.run();
    const change = { status: 'committing' as const, cancelRequested: true };
    await rig.store.moveMigration(rig.id, ['completed'], change, rig.event('commit'));
    expect((await rig.run({ worker: 'w2' })).status).toBe('committed');
    expect(rig.destination.kinds()).toEqual(['image', 'port', 'server', 'volume']);
    expect(rig.source.power).toBe('off');
  });
});
