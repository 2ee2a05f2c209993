import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runOneOperation } from '../src/operations/run.ts';
import { Rig } from './rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await Rig.open();
});
afterEach(() => rig.store.close());

const asked = (action: 'revert' | 'commit', target?: 'park' | 'remove') =>
  rig.store.moveMigration(
    rig.id,
    ['completed'],
    {
      status: action === 'revert' ? 'reverting' : 'committing',
      request: target ? { action, target } : { action },
    },
    rig.event(action),
  );

describe('revert', () => {
  beforeEach(async () => {
    await rig.create();
    await rig.run();
  });

  test('parks the target and brings the source back', async () => {
    await asked('revert', 'park');
    expect(await rig.run()).toMatchObject({ status: 'reverted', error: null });
    expect(rig.source.power).toBe('on');
    expect(rig.destination.serverState).toBe('off');
    expect([...rig.destination.parked.values()]).toEqual([expect.stringContaining('parked by GUTS')]);
    const artifacts = await rig.store.listArtifacts(rig.id);
    const kept = artifacts.filter(({ side, status }) => side === 'destination' && status !== 'removed');
    expect(kept.map(({ status }) => status)).toEqual(kept.map(() => 'released'));
    expect(kept.length).toBe(4);
  });

  test('removes the target when told to', async () => {
    await asked('revert', 'remove');
    expect((await rig.run()).status).toBe('reverted');
    expect(rig.destination.kinds()).toEqual([]);
    expect(rig.source.power).toBe('on');
  });

  test('a target that cannot be stopped keeps the source off; a retry goes on', async () => {
    rig.destination.cannotRemove.add('server');
    await asked('revert', 'remove');
    expect(await rig.run()).toMatchObject({ status: 'failed', error: { code: 'conflict' } });
    expect(rig.source.power).toBe('off');
    rig.destination.cannotRemove.clear();
    const change = { status: 'reverting' as const };
    await rig.store.moveMigration(rig.id, ['failed'], change, rig.event('retry'));
    expect((await rig.run()).status).toBe('reverted');
    expect(rig.destination.kinds()).toEqual([]);
    expect(rig.source.power).toBe('on');
  });
});

describe('commit', () => {
  test('marks the source, keeps the target and ends what could be reverted', async () => {
    await rig.create();
    await rig.run();
    await asked('commit');
    expect((await rig.run()).status).toBe('committed');
    expect(rig.source.power).toBe('off');
    expect(rig.source.notes).toMatch(/^kept by ops\nMigrated to OpenStack by GUTS on .*server-\d+ .*m1/);
    expect(rig.destination.kinds()).toEqual(['image', 'port', 'server', 'volume']);
    const statuses = (await rig.store.listArtifacts(rig.id)).map((one) => one.status);
    expect(statuses).not.toContain('created');
  });

  test('what cannot be done leaves it completed, and asking again ends it with one note', async () => {
    await rig.create();
    await rig.run();
    rig.source.refuseNotes = true;
    await asked('commit');
    expect(await rig.run()).toMatchObject({ status: 'completed', error: { code: 'source_fault' } });
    rig.source.refuseNotes = false;
    await asked('commit');
    expect((await rig.run()).status).toBe('committed');
    expect(rig.source.notes.match(/Migrated/g)).toHaveLength(1);
  });

  test('a failed commit can still be reverted, notes and all', async () => {
    await rig.create();
    await rig.run();
    rig.source.refuseNotes = true;
    await asked('commit');
    await rig.run();
    rig.source.refuseNotes = false;
    await asked('revert', 'park');
    expect((await rig.run()).status).toBe('reverted');
    expect(rig.source).toMatchObject({ power: 'on', notes: 'kept by ops' });
  });

  test('comes by itself where the policy says so', async () => {
    await rig.create({ commit: 'auto' });
    expect((await rig.run()).status).toBe('committed');
    expect(rig.source.notes).toContain('Migrated');
  });
});

describe('reap', () => {
  const nothing = { leftovers: [], unseen: [] };
  const reap = async (
    side: 'source' | 'destination',
    input: { remove: boolean; includeUnknown: boolean },
  ) => {
    const id = `op-${Math.random()}`;
    await rig.store.createOperation(
      { id, projectId: 'p', kind: `${side}.reap`, subjectId: side, input: { ...input, only: [] } },
      rig.event('reap'),
    );
    await runOneOperation(rig.operationParts(), new AbortController().signal);
    return (await rig.store.getOperation(id, { projectId: null }))?.result;
  };

  test('leaves alone what belongs to a live migration or to the user', async () => {
    await rig.create();
    await rig.run();
    expect(await reap('destination', { remove: true, includeUnknown: true })).toEqual(nothing);
    await asked('commit');
    await rig.run();
    expect(await reap('destination', { remove: true, includeUnknown: true })).toEqual(nothing);
    expect(rig.destination.kinds()).toEqual(['image', 'port', 'server', 'volume']);
  });

  test('lists what an ended migration left, removes it when told, and spares what is not known', async () => {
    await rig.create();
    await rig.run();
    await asked('revert', 'remove');
    expect((await rig.run()).status).toBe('reverted');
    rig.destination.leave('volume', `guts:${rig.id}:x-1`);
    rig.destination.leave('volume', 'guts:another:x-2');
    const listed = await reap('destination', { remove: false, includeUnknown: false });
    expect(listed).toMatchObject({
      leftovers: [
        { kind: 'volume', owner: 'known', outcome: 'listed', migrationId: rig.id },
        { kind: 'volume', owner: 'unknown', outcome: 'listed', migrationId: 'another' },
      ],
    });
    await reap('destination', { remove: true, includeUnknown: false });
    expect(rig.destination.kinds()).toEqual(['volume']);
    await reap('destination', { remove: true, includeUnknown: true });
    expect(rig.destination.kinds()).toEqual([]);
  });

  test('snapshots at the source, too', async () => {
    const marker = { migrationId: 'another', artifactId: 'x' };
    rig.source.marked.push({ kind: 'snapshot', externalId: 'snap-1', name: 'guts', marker });
    await reap('source', { remove: true, includeUnknown: true });
    expect(rig.source.marked).toEqual([]);
  });
});
