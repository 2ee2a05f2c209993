import { GutsError, type ReapResult } from '@guts/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MigrationRun } from '../src/index.ts';
import { runOneOperation } from '../src/operations/run.ts';
import { Rig } from './rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await Rig.open();
});
afterEach(() => rig.store.close());

async function reap(remove: boolean): Promise<ReapResult> {
  const id = `op-${Math.random()}`;
  const input = { remove, includeUnknown: false, only: [] };
  await rig.store.createOperation(
    { id, projectId: 'p', kind: 'destination.reap', subjectId: 'destination', input },
    rig.event('reap'),
  );
  await runOneOperation(rig.operationParts(), new AbortController().signal);
  return (await rig.store.getOperation(id, { projectId: null }))?.result as ReapResult;
}

const markerOf = async (kind: string): Promise<string> => {
  const artifact = (await rig.store.listArtifacts(rig.id)).find((one) => one.kind === kind);
  return `guts:${rig.id}:${artifact?.id ?? ''}`;
};
const failAtBoot = async (onFailure: 'undo' | 'keep'): Promise<void> => {
  rig.destination.console = 'kernel panic';
  await rig.create({ onFailure, verifyBoot: 'require' });
  expect((await rig.run()).status).toBe('failed');
};

describe('leftovers of a migration that has not ended for good', () => {
  test('are what came after its undo had seen it gone', async () => {
    await failAtBoot('undo');
    const late = rig.destination.leave('server', await markerOf('server'));
    expect(await reap(false)).toMatchObject({
      leftovers: [{ externalId: late, owner: 'known', why: expect.stringMatching(/failed.*as removed/) }],
    });
    expect(await reap(true)).toMatchObject({ leftovers: [{ externalId: late, outcome: 'removed' }] });
    expect(rig.destination.kinds()).toEqual([]);
  });

  test('are not what it kept, but what was made twice beside it', async () => {
    await failAtBoot('keep');
    const kept = rig.destination.kinds();
    expect(await reap(true)).toEqual({ leftovers: [], unseen: [] });
    const twice = rig.destination.leave('volume', await markerOf('volume'));
    expect(await reap(true)).toMatchObject({
      leftovers: [
        { externalId: twice, why: expect.stringMatching(/made twice: volume-/), outcome: 'removed' },
      ],
    });
    expect(rig.destination.kinds()).toEqual(kept);
  });

  test('are what was made twice beside a target that is in use', async () => {
    await rig.create();
    expect((await rig.run()).status).toBe('completed');
    const twice = rig.destination.leave('server', await markerOf('server'));
    expect((await reap(true)).leftovers.map(({ externalId }) => externalId)).toEqual([twice]);
    expect(rig.destination.kinds()).toEqual(['image', 'port', 'server', 'volume']);
  });

  test('are none while it waits for a worker', async () => {
    await rig.create();
    let run: MigrationRun | undefined;
    const handed = await rig.run({
      started: (started) => (run = started),
      afterStep: (step) => {
        if (step === 'reserve') run?.handOver();
      },
    });
    expect(handed.status).toBe('queued');
    rig.destination.leave('port', await markerOf('port'));
    expect(await reap(true)).toEqual({ leftovers: [], unseen: [] });
  });
});

describe('the target projects of migrations', () => {
  const left = async (project: string): Promise<string> => {
    await rig.create({}, {}, project);
    const fail = (): never => {
      throw new GutsError('fault_injected', 'on purpose');
    };
    expect((await rig.run({ afterStep: fail })).status).toBe('failed');
    await rig.store.moveMigration(rig.id, ['failed'], { status: 'cancelling' }, rig.event('cancel'));
    expect((await rig.run()).status).toBe('cancelled');
    return rig.destination.leave('volume', `guts:${rig.id}:x-1`, project);
  };

  test('are looked into, too, and what is listed everywhere is told once', async () => {
    const volume = await left('other');
    const flavor = rig.destination.leave('flavor', `guts:${rig.id}:x-2`);
    const { leftovers, unseen } = await reap(true);
    expect(leftovers.map(({ externalId }) => externalId)).toEqual([flavor, volume]);
    expect(unseen).toEqual([]);
    expect(rig.destination.kinds()).toEqual([]);
  });

  test('that cannot be looked into are told, and hide nothing of the others', async () => {
    await left('other');
    const own = rig.destination.leave('port', `guts:${rig.id}:x-3`);
    rig.destination.closed.add('other');
    expect(await reap(true)).toMatchObject({
      leftovers: [{ externalId: own, outcome: 'removed' }],
      unseen: [{ project: 'other', reason: 'other is closed to this user' }],
    });
  });
});
