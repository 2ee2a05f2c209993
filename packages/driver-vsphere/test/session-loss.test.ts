import { setTimeout as sleep } from 'node:timers/promises';
import { type Marker, SILENT_LOG, type SourceConnection } from '@guts/core';
import { startVCenter, type VCenter, type VCenterOptions } from '@guts/lab-vcenter';
import { afterEach, describe, expect, test } from 'vitest';
import { createVSphereDriver } from '../src/index.ts';

const signal = AbortSignal.timeout(60_000);
const marker: Marker = { migrationId: 'm1', artifactId: 'a1' };
let vcenter: VCenter;
let source: SourceConnection;
afterEach(async () => {
  await source.close();
  await vcenter.close();
});

async function start(options: VCenterOptions = {}): Promise<string> {
  vcenter = await startVCenter({
    machines: [{ name: 'a', toolsRunning: true, disks: [{ sizeBytes: 4096 }] }],
    ...options,
  });
  const { url, username, password, fingerprintSha256: fingerprint } = vcenter;
  const config = { settings: { url, username, fingerprint }, secret: { password } };
  source = await createVSphereDriver().connect(config, { signal, log: SILENT_LOG });
  return vcenter.machine('a').id;
}

/** Ends the session while a task of that kind runs and is waited for. */
async function loseDuring(method: string): Promise<void> {
  await expect
    .poll(() => vcenter.state().machines[0]?.tasks[0], { interval: 5 })
    .toMatchObject({ method, state: 'running' });
  await sleep(300);
  vcenter.expireSessions();
}

describe('a session that is lost while a task runs', () => {
  test('a removed snapshot counts as removed only when it is', async () => {
    const vm = await start({ consolidateMs: 1500 });
    const id = await source.createSnapshot(vm, marker, signal);
    const removed = source.removeSnapshot(id, signal).then(() => vcenter.machine('a').snapshots);
    await loseDuring('RemoveSnapshot_Task');
    expect(await removed).toEqual([]);
  });

  test('a failed removal is told', async () => {
    const vm = await start({ consolidateMs: 1500 });
    const id = await source.createSnapshot(vm, marker, signal);
    vcenter.faults.add({ method: 'RemoveSnapshot_Task', kind: 'taskFault', name: 'GenericVmConfigFault' });
    const removed = source.removeSnapshot(id, signal).catch((error: unknown) => error);
    await loseDuring('RemoveSnapshot_Task');
    expect(await removed).toMatchObject({ code: 'source_fault' });
    expect(vcenter.machine('a').snapshots).toHaveLength(1);
  });

  test('power on, and a guest that shuts down', async () => {
    const vm = await start({ taskMsOf: { PowerOnVM_Task: 1000 }, shutdownMs: 500 });
    const on = source.powerOn(vm, signal);
    await loseDuring('PowerOnVM_Task');
    await on;
    expect(vcenter.machine('a').powerState).toBe('poweredOn');
    const off = source.shutdownGuest(vm, 30, signal);
    await sleep(200);
    vcenter.expireSessions();
    expect(await off).toBe('off');
  });

  test('again and again', async () => {
    const vm = await start({ taskMsOf: { PowerOnVM_Task: 1500 } });
    const on = source.powerOn(vm, signal);
    await loseDuring('PowerOnVM_Task');
    for (let n = 0; n < 4; n += 1) {
      // Not while it logs in: twice in one request is more than it puts up with.
      await expect.poll(() => vcenter.sessions, { interval: 5 }).toBe(1);
      await sleep(150);
      vcenter.expireSessions();
    }
    await on;
    expect(vcenter.machine('a').powerState).toBe('poweredOn');
  });
});

test('somebody else of this session logs in anew while a wait is not being asked for', async () => {
  const vm = await start({ taskMsOf: { PowerOnVM_Task: 1000 } });
  // Every answer to a wait comes late: meanwhile the session ends, and another call logs in again.
  vcenter.faults.add({ method: 'WaitForUpdatesEx', kind: 'delay', ms: 100 });
  const on = source.powerOn(vm, signal);
  await loseDuring('PowerOnVM_Task');
  expect(await source.powerState(vm, signal)).toBe('off');
  await on;
  expect(vcenter.machine('a').powerState).toBe('poweredOn');
});

test('an inventory that is read while its session ends is told whole', async () => {
  await start({ extraMachines: 250 });
  vcenter.faults.add({ method: 'ContinueRetrievePropertiesEx', kind: 'delay', ms: 200, times: 1 });
  const found = source.find('a', signal);
  await sleep(150);
  vcenter.expireSessions();
  expect(await found).toHaveLength(1);
  let instances = 0;
  vcenter.faults.add({ method: 'RetrievePropertiesEx', kind: 'delay', ms: 200, times: 1 });
  setTimeout(() => vcenter.expireSessions(), 100);
  for await (const { kind } of source.inventory(signal)) if (kind === 'instance') instances += 1;
  expect(instances).toBe(251);
});

test('concurrent callers of one lost session log in once', async () => {
  const vm = await start();
  vcenter.expireSessions();
  await Promise.all(Array.from({ length: 8 }, () => source.powerState(vm, signal)));
  expect(vcenter.sessions).toBe(1);
});

test('a vCenter with no session left is told so, as what passes', async () => {
  await start({ sessionLimit: 1 });
  const { url, username, password, fingerprintSha256: fingerprint } = vcenter;
  const config = { settings: { url, username, fingerprint }, secret: { password } };
  await expect(createVSphereDriver().connect(config, { signal, log: SILENT_LOG })).rejects.toMatchObject({
    code: 'source_unreachable',
    transient: true,
    message: /Out of HTTP sessions/,
    remedy: /end sessions that nobody uses/,
  });
});
