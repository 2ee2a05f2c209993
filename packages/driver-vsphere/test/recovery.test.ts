import { type Log, type MarkedObject, type Marker, type SourceConnection, SILENT_LOG } from '@guts/core';
import { startVCenter, type VCenter, type VCenterOptions } from '@guts/lab-vcenter';
import { createSnapshot, VSphereSession } from '@guts/vsphere';
import { afterEach, describe, expect, test } from 'vitest';
import { exportWhenFree } from '../src/disks/export-when-free.ts';
import { inTurn } from '../src/in-turn.ts';
import { teller } from '../src/waits.ts';
import { createVSphereDriver } from '../src/index.ts';

const MIB = 2 ** 20;
const signal = AbortSignal.timeout(60_000);
const marker: Marker = { migrationId: 'm1', artifactId: 'a1' };
let vcenter: VCenter;
let notes: string[] = [];
const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
  await vcenter.close();
  notes = [];
});

const log: Log = {
  ...SILENT_LOG,
  info: (_fields, message) => void notes.push(message),
};

async function start(options: VCenterOptions = {}): Promise<{ source: SourceConnection; vm: string }> {
  vcenter = await startVCenter({
    machines: [{ name: 'a', disks: [{ sizeBytes: MIB, source: { pattern: 1 } }] }, { name: 'b' }],
    ...options,
  });
  return { source: await connect(), vm: vcenter.machine('a').id };
}

/** A worker of its own, with its own session. */
async function connect(): Promise<SourceConnection> {
  const { url, username, fingerprintSha256: fingerprint } = vcenter;
  const config = { settings: { url, username, fingerprint }, secret: { password: vcenter.password } };
  const source = await createVSphereDriver().connect(config, { signal, log });
  open.push(source);
  return source;
}

const unreachable = { code: 'source_unreachable' };
const snapshots = (): readonly string[] => vcenter.machine('a').snapshots.map((one) => one.id);

describe('what a predecessor began is waited for and not doubled', () => {
  test('a snapshot whose answer was lost', async () => {
    const { source, vm } = await start();
    vcenter.faults.add({ method: 'CreateSnapshot_Task', times: 1, kind: 'lost' });
    await expect(source.createSnapshot(vm, marker, signal)).rejects.toMatchObject(unreachable);
    const id = await (await connect()).createSnapshot(vm, marker, signal);
    expect(snapshots()).toEqual([id]);
  });

  test('a snapshot that is still being made: adopted, found, and then removed', async () => {
    const { source, vm } = await start({ taskMsOf: { CreateSnapshot_Task: 1500 } });
    const dead = new AbortController();
    const made = source.createSnapshot(vm, marker, dead.signal);
    await expect.poll(() => vcenter.state().machines[0]?.tasks).toHaveLength(1);
    dead.abort();
    await expect(made).rejects.toThrow(/abort/i);
    const successor = await connect();
    const [found] = await successor.findSnapshots(vm, marker, signal);
    expect(snapshots()).toEqual([found]);
    expect(notes).toEqual([expect.stringContaining('CreateSnapshot_Task under way')]);
    expect(await successor.createSnapshot(vm, marker, signal)).toBe(found);
    await successor.removeSnapshot(found ?? '', signal);
    expect(snapshots()).toEqual([]);
  });

  test('a snapshot that is being removed', async () => {
    const { source, vm } = await start({ consolidateMs: 1500 });
    const id = await source.createSnapshot(vm, marker, signal);
    vcenter.faults.add({ method: 'RemoveSnapshot_Task', times: 1, kind: 'lost' });
    await expect(source.removeSnapshot(id, signal)).rejects.toMatchObject(unreachable);
    const successor = await connect();
    await successor.removeSnapshot(id, signal);
    expect(snapshots()).toEqual([]);
    await successor.removeSnapshot(id, signal);
  });

  test('power: on and off, lost or done twice', async () => {
    const { source, vm } = await start({ taskMsOf: { PowerOnVM_Task: 200, PowerOffVM_Task: 200 } });
    vcenter.faults.add({ method: 'PowerOnVM_Task', times: 1, kind: 'lost' });
    await expect(source.powerOn(vm, signal)).rejects.toMatchObject(unreachable);
    const successor = await connect();
    await successor.powerOn(vm, signal);
    await successor.powerOn(vm, signal);
    expect(vcenter.machine('a').powerState).toBe('poweredOn');
    vcenter.faults.add({ method: 'PowerOffVM_Task', times: 1, kind: 'lost' });
    await expect(source.powerOff(vm, signal)).rejects.toMatchObject(unreachable);
    await successor.powerOff(vm, signal);
    await successor.powerOff(vm, signal);
    expect(vcenter.machine('a').powerState).toBe('poweredOff');
  });

  test('tracking and notes: set once, and left alone when they are so', async () => {
    const { source, vm } = await start();
    vcenter.faults.add({ method: 'ReconfigVM_Task', times: 1, kind: 'lost' });
    await expect(source.setChangeTracking(vm, true, signal)).rejects.toMatchObject(unreachable);
    await source.setChangeTracking(vm, true, signal);
    expect(vcenter.machine('a').changeTracking.wanted).toBe(true);
    expect(await source.annotation(vm, signal)).toBe('');
    await source.setAnnotation(vm, 'moved <to> "ü" & back', signal);
    expect(vcenter.machine('a').annotation).toBe('moved <to> "ü" & back');
    expect(await source.annotation(vm, signal)).toBe('moved <to> "ü" & back');
    // A second request would fail.
    vcenter.faults.add({ method: 'ReconfigVM_Task', kind: 'soapFault', name: 'NoPermission' });
    await source.setAnnotation(vm, 'moved <to> "ü" & back', signal);
    await source.setChangeTracking(vm, true, signal);
  });
});

test('another task that came first is waited out and said', async () => {
  const { source, vm } = await start();
  vcenter.faults.add({ method: 'PowerOnVM_Task', times: 1, kind: 'taskFault', name: 'TaskInProgress' });
  await source.powerOn(vm, signal);
  expect(vcenter.machine('a').powerState).toBe('poweredOn');
  expect(notes).toEqual([expect.stringContaining('TaskInProgress')]);
});

test('what a source does and forgets is done all the same, once', async () => {
  const { source, vm } = await start({ taskMemoryMs: 0 });
  const id = await source.createSnapshot(vm, marker, signal);
  expect(snapshots()).toEqual([id]);
  await source.removeSnapshot(id, signal);
  expect(snapshots()).toEqual([]);
  await source.setChangeTracking(vm, true, signal);
  await source.powerOn(vm, signal);
  expect(vcenter.machine('a').powerState).toBe('poweredOn');
  await source.powerOff(vm, signal);
  expect(vcenter.machine('a').powerState).toBe('poweredOff');
});

test('both snapshots of two workers are found, and marked ones of every machine are listed', async () => {
  const { source, vm } = await start();
  const first = await source.createSnapshot(vm, marker, signal);
  await source.createSnapshot(vm, { ...marker, artifactId: 'a2' }, signal);
  // As two workers make it that look at the same time.
  const b = vcenter.machine('b').id;
  await source.createSnapshot(b, { migrationId: 'm2', artifactId: 'a3' }, signal);
  const session = await vsphere();
  const again = await createSnapshot(
    session,
    { type: 'VirtualMachine', value: vm },
    { name: 'guts-m1', description: 'guts:m1:a1', quiesce: false, signal },
  );
  await createSnapshot(
    session,
    { type: 'VirtualMachine', value: b },
    { name: 'of a person', description: 'before guts', quiesce: false, signal },
  );
  expect(await source.findSnapshots(vm, marker, signal)).toEqual([first, again.value]);
  const listed: MarkedObject[] = [];
  for await (const one of source.listMarked(signal)) listed.push(one);
  expect(listed.map((one) => one.marker.artifactId)).toEqual(['a1', 'a2', 'a1', 'a3']);
  expect(listed[0]).toMatchObject({ kind: 'snapshot', externalId: first, name: 'a: guts-m1' });
});

async function vsphere(): Promise<VSphereSession> {
  const { url, username, password, fingerprintSha256: fingerprint } = vcenter;
  const session = await VSphereSession.connect({ url, username, password, tls: { fingerprint }, signal });
  open.push({ close: () => session.logout() });
  return session;
}

describe('a lease of a dead session', () => {
  const everything = ['2000'];

  test('is waited out in a shown state, though nobody else can abort it', async () => {
    const { source, vm } = await start({ leaseScope: 'session', leaseTimeoutSeconds: 0.7 });
    const instance = await source.inspect(vm, signal);
    const dead = new AbortController();
    vcenter.faults.add({ method: 'ExportVm', times: 1, kind: 'lost' });
    const lost = source.openDisks(instance, 'lease', everything, new Map(), dead.signal);
    await expect(lost).rejects.toMatchObject(unreachable);
    const [lease] = vcenter.leases;
    const successor = await connect();
    expect(await successor.abortSession(lease?.id ?? '', signal)).toBe('absent');
    const session = await successor.openDisks(instance, 'lease', everything, new Map(), signal);
    expect(notes).toEqual([
      expect.stringMatching(/waiting for a lease of the machine to end, at most \d+ s/),
    ]);
    await session.abort(signal);
    expect(await successor.abortSession(session.externalId ?? '', signal)).toBe('absent');
    expect(vcenter.state().leases).toEqual([]);
    await successor.powerOn(vm, signal);
  });

  test('is aborted by its id where the server lets others do that', async () => {
    const { source, vm } = await start();
    const instance = await source.inspect(vm, signal);
    const session = await source.openDisks(instance, 'lease', everything, new Map(), signal);
    const successor = await connect();
    expect(await successor.abortSession(session.externalId ?? '', signal)).toBe('aborted');
    const next = await successor.openDisks(instance, 'lease', everything, new Map(), signal);
    await next.complete(signal);
    await session.abort(signal);
    expect(notes).toEqual([]);
  });

  test('that cannot be ended now is told as a failure that passes', async () => {
    const { source, vm } = await start();
    const instance = await source.inspect(vm, signal);
    const session = await source.openDisks(instance, 'lease', everything, new Map(), signal);
    for (const method of ['HttpNfcLeaseComplete', 'HttpNfcLeaseAbort'])
      vcenter.faults.add({ method, times: 1, kind: 'reset' });
    const passes = { ...unreachable, transient: true };
    await expect(session.complete(signal)).rejects.toMatchObject(passes);
    await expect(session.abort(signal)).rejects.toMatchObject(passes);
    await session.abort(signal);
  });

  test('that never ends gives a clear error, as does a machine that is never quiet', async () => {
    const { vm } = await start({ leaseTimeoutSeconds: 600, taskMsOf: { CreateSnapshot_Task: 60_000 } });
    const session = await vsphere();
    const ref = { type: 'VirtualMachine', value: vm };
    const patience = { deadlineSeconds: 0.2, askMs: 50, noteSeconds: 0.1 };
    const tell = teller({ log });
    const held = await exportWhenFree(session, ref, tell, signal, patience);
    await expect(exportWhenFree(session, ref, tell, signal, patience)).rejects.toMatchObject({
      code: 'source_fault',
      message: /has been locked for 0.2 seconds/,
      remedy: /vCenter/,
    });
    await held.abort(signal);
    const call = [
      ['name', 'n'],
      ['memory', false],
      ['quiesce', false],
    ] as const;
    await session.call('CreateSnapshot_Task', ref, call, { signal });
    const turn = { session, tell, signal, patience };
    await expect(inTurn(turn, ref, () => Promise.resolve('done'))).rejects.toMatchObject({
      code: 'source_fault',
      message: /busy for 0.2 seconds: CreateSnapshot_Task under way/,
    });
  });
});
