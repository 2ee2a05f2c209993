import {
  ObjectGoneError,
  powerOn,
  runningTasks,
  shutdownGuest,
  VSphereFaultError,
  waitEnded,
  waitForTask,
} from '../src/index.ts';
import { describe, expect, test } from 'vitest';
import { Peer, signal } from './support.ts';

const machines = [{ name: 'a', powerState: 'poweredOn' as const, toolsRunning: true }];

describe('a wait ends with what it waits for', () => {
  test('a machine that is deleted', async () => {
    const peer = await Peer.start({ machines, shutdownMs: 60_000 });
    const vm = peer.vm('a');
    const stopped = shutdownGuest(await peer.connect(), vm, { deadlineSeconds: 30, signal });
    setTimeout(() => void peer.vcenter.removeMachine('a'), 300);
    await expect(stopped).rejects.toMatchObject({ object: vm });
  });

  test('a task that never was', async () => {
    const session = await (await Peer.start()).connect();
    const task = { type: 'Task', value: 'task-1' };
    const waiting = waitForTask(session, task, { signal, what: 'nothing' });
    await expect(waiting).rejects.toBeInstanceOf(ObjectGoneError);
    await expect(waiting).rejects.toMatchObject({ object: task });
    await waitEnded(session, { ref: task, name: 'nothing' }, signal);
  });

  test('a task that is forgotten as it ends: nobody runs', async () => {
    const peer = await Peer.start({ machines: [{ name: 'a' }], taskMemoryMs: 0 });
    const session = await peer.connect();
    await expect(powerOn(session, peer.vm('a'), signal)).rejects.toMatchObject({ object: { type: 'Task' } });
    expect(await runningTasks(session, peer.vm('a'), signal)).toEqual([]);
  });

  test('a property that cannot be read', async () => {
    const peer = await Peer.start({ machines: [{ name: 'a' }], hiddenProperties: ['Task.info.state'] });
    const waiting = powerOn(await peer.connect(), peer.vm('a'), signal);
    await expect(waiting).rejects.toBeInstanceOf(VSphereFaultError);
    await expect(waiting).rejects.toMatchObject({ faultName: 'NoPermission', message: /info\.state/ });
  });

  test('one that is not needed does not matter', async () => {
    const peer = await Peer.start({
      machines: [{ name: 'a' }],
      hiddenProperties: ['Task.info.progress'],
      taskMs: 500,
    });
    await powerOn(await peer.connect(), peer.vm('a'), signal);
    expect(peer.vcenter.machine('a').powerState).toBe('poweredOn');
  });
});
