import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
  createSnapshot,
  listSnapshots,
  LoginError,
  powerOff,
  powerOn,
  powerState,
  readInventory,
  removeSnapshot,
  setChangeTracking,
  readMachine,
  toMachine,
  UntrustedCertificateError,
  type VirtualMachine,
  VSphereSession,
  watchInventory,
} from '@guts/vsphere';
import { govc } from './support/govc.ts';
import { startVcsim, type Vcsim } from './support/vcsim.ts';

/** Our vSphere client against VMware's own simulator; what it sees is compared with what VMware's own client sees. */
const MACHINES = 1000;
const signal = AbortSignal.timeout(300_000);
vi.setConfig({ testTimeout: 60_000 });
let vcsim: Vcsim;
let session: VSphereSession;

function connect(over: { password?: string; fingerprint?: string } = {}): Promise<VSphereSession> {
  return VSphereSession.connect({
    url: vcsim.url,
    username: vcsim.username,
    password: over.password ?? vcsim.password,
    tls: { fingerprint: over.fingerprint ?? vcsim.fingerprint },
    signal,
  });
}

beforeAll(async () => {
  vcsim = await startVcsim(MACHINES);
  session = await connect();
});
afterAll(async () => {
  await session.logout();
  await vcsim.stop();
});

async function machineNamed(name: string): Promise<VirtualMachine> {
  const found = (await readInventory(session, signal)).machines.find((one) => one.name === name);
  if (!found) throw new Error(`vcsim has no ${name}`);
  return found;
}

test('reads a thousand machines: the names, ids and MAC addresses that govc reads', async () => {
  const inventory = await readInventory(session, signal);
  expect(inventory.machines).toHaveLength(MACHINES);
  const names = (await govc(vcsim, 'ls', '/DC0/vm')).trim().split('\n');
  expect(inventory.machines.map((one) => `/DC0/vm/${one.name}`).sort()).toEqual(names.sort());
  expect(inventory.hosts).toHaveLength(4);
  const disks = inventory.machines.flatMap((one) => one.disks);
  expect(disks.length).toBeGreaterThanOrEqual(MACHINES);
  const sample = inventory.machines.at(-1);
  const shown = JSON.parse(await govc(vcsim, 'vm.info', '-json', `/DC0/vm/${sample?.name}`)) as {
    VirtualMachines: {
      Self: { Value: string };
      Config: {
        InstanceUuid: string;
        Hardware: { MemoryMB: number; NumCPU: number; Device: { Key: number; MacAddress?: string }[] };
      };
    }[];
  };
  const [theirs] = shown.VirtualMachines;
  expect(sample).toMatchObject({
    ref: { type: 'VirtualMachine', value: theirs?.Self.Value },
    instanceUuid: theirs?.Config.InstanceUuid,
    memoryMiB: theirs?.Config.Hardware.MemoryMB,
    cpus: theirs?.Config.Hardware.NumCPU,
  });
  expect(sample?.nics.map((one) => [one.key, one.mac])).toEqual(
    theirs?.Config.Hardware.Device.filter((one) => one.MacAddress).map((one) => [one.Key, one.MacAddress]),
  );
});

test('follows the inventory: everything, then a rename, then a machine that goes', async () => {
  const stop = new AbortController();
  const names = new Map<string, string>();
  const errors: unknown[] = [];
  const onError = (error: unknown): number => errors.push(error);
  const changes = watchInventory(session, { signal: stop.signal, onError, pauseMs: 100 });
  let whole = false;
  /** Takes changes until all that exists has been told and the condition holds. */
  const until = async (holds: () => boolean): Promise<void> => {
    while (!whole || !holds()) {
      const next = await changes.next();
      if (next.done === true) throw new Error('the watch ended');
      const change = next.value;
      if (change.type === 'resync') names.clear();
      if (change.type === 'resync') whole = false;
      if (change.type === 'parity') whole = true;
      if (change.type === 'gone') names.delete(change.ref.value);
      if (change.type === 'changed' && change.object.ref.type === 'VirtualMachine')
        names.set(change.object.ref.value, toMachine(change.object).name);
    }
  };
  try {
    await until(() => true);
    expect(names.size).toBe(MACHINES);
    const [id, old] = [...names][7] ?? ['', ''];
    await govc(vcsim, 'object.rename', `/DC0/vm/${old}`, 'renamed by govc');
    await until(() => names.get(id) === 'renamed by govc');
    expect(errors).toEqual([]);
    // This vcsim cuts the connection of whoever watches a machine that goes; the watch has to start anew then.
    await govc(vcsim, 'vm.destroy', '/DC0/vm/renamed by govc');
    await until(() => !names.has(id));
    expect(names.size).toBe(MACHINES - 1);
  } finally {
    stop.abort();
    await changes.return();
  }
});

test('power, snapshot and change tracking: govc sees what we did', async () => {
  const vm = await machineNamed('DC0_C0_RP0_VM0');
  await powerOff(session, vm.ref, signal);
  expect(
    await govc(vcsim, 'object.collect', '-s', `VirtualMachine:${vm.ref.value}`, 'runtime.powerState'),
  ).toBe('poweredOff\n');
  await powerOff(session, vm.ref, signal); // again: nothing to do
  await powerOn(session, vm.ref, signal);
  expect(await powerState(session, vm.ref, signal)).toBe('poweredOn');
  await setChangeTracking(session, vm.ref, true, signal);
  expect((await readMachine(session, vm.ref, signal))?.changeTrackingEnabled).toBe(true);
  const snapshot = await createSnapshot(session, vm.ref, {
    name: 'guts',
    description: 'guts:1',
    quiesce: false,
    signal,
  });
  expect(await govc(vcsim, 'snapshot.tree', '-vm', vm.name)).toContain('guts');
  expect((await listSnapshots(session, vm.ref, signal)).map((one) => one.description)).toEqual(['guts:1']);
  await removeSnapshot(session, snapshot, signal);
  expect(await listSnapshots(session, vm.ref, signal)).toEqual([]);
});

test('a wrong password and a wrong certificate are refused in words', async () => {
  await expect(connect({ password: 'wrong' })).rejects.toBeInstanceOf(LoginError);
  await expect(connect({ fingerprint: 'AA'.repeat(32) })).rejects.toBeInstanceOf(UntrustedCertificateError);
});
