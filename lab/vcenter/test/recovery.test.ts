import { afterEach, expect, test } from 'vitest';
import { startVCenter, type VCenter, type VCenterOptions } from '../src/index.ts';
import { Soap } from './client.ts';

let vc: VCenter;
afterEach(async () => vc.close());

async function start(options: VCenterOptions = {}): Promise<{ soap: Soap; vm: string }> {
  vc = await startVCenter({ machines: [{ name: 'a', disks: [{ sizeBytes: 4096 }] }], ...options });
  return { soap: await Soap.login(vc), vm: `VirtualMachine:${vc.machine('a').id}` };
}

const SNAPSHOT = '<name>n</name><description>d</description><memory>false</memory><quiesce>false</quiesce>';

test('an answer can be lost after its call was carried out', async () => {
  const { soap, vm } = await start({ taskMsOf: { CreateSnapshot_Task: 60_000 } });
  vc.faults.add({ method: 'CreateSnapshot_Task', times: 1, kind: 'lost' });
  await expect(soap.call('CreateSnapshot_Task', vm, SNAPSHOT)).rejects.toThrow(/hang up|ECONNRESET/);
  const [machine] = vc.state().machines;
  expect(machine?.tasks).toMatchObject([{ method: 'CreateSnapshot_Task' }]);
  expect(machine?.snapshots).toEqual([]);
});

test('a machine has one task at a time', async () => {
  const { soap, vm } = await start({ taskMsOf: { CreateSnapshot_Task: 60_000 } });
  await soap.call('CreateSnapshot_Task', vm, SNAPSHOT);
  await expect(soap.task('PowerOnVM_Task', vm)).rejects.toMatchObject({ type: 'TaskInProgress' });
  await expect(soap.call('ExportVm', vm)).rejects.toMatchObject({ type: 'TaskInProgress' });
  expect(vc.machine('a').powerState).toBe('poweredOff');
});

test('a lease of a session is unknown to others, where that is wanted, and locks the machine all the same', async () => {
  const { soap, vm } = await start({ leaseScope: 'session', leaseTimeoutSeconds: 0.2 });
  const id = (await soap.call('ExportVm', vm)).children[0]?.text ?? '';
  const other = await Soap.login(vc);
  await expect(other.call('HttpNfcLeaseAbort', `HttpNfcLease:${id}`)).rejects.toMatchObject({
    type: 'ManagedObjectNotFound',
  });
  await expect(other.call('ExportVm', vm)).rejects.toMatchObject({ type: 'TaskInProgress' });
  expect(vc.state()).toMatchObject({ machines: [{ lease: id }], leases: [{ id }] });
  await expect.poll(() => vc.state().machines[0]?.lease).toBeNull();
  await other.call('ExportVm', vm);
});
