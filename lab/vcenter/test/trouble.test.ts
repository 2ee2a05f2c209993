import { afterEach, expect, test } from 'vitest';
import { startVCenter, Writer, type VCenter, type VCenterOptions } from '../src/index.ts';
import { child, childrenOf, type Node } from '../src/soap/parse.ts';
import { raw, Soap } from './client.ts';

const MIB = 1024 * 1024;
let vc: VCenter;
afterEach(async () => vc.close());

async function start(options: VCenterOptions = {}): Promise<{ soap: Soap; vm: string }> {
  vc = await startVCenter({
    machines: [{ name: 'a', disks: [{ sizeBytes: 2 * MIB, source: { pattern: 1 } }] }],
    ...options,
  });
  return { soap: await Soap.login(vc), vm: `VirtualMachine:${vc.machine('a').id}` };
}

async function lease(soap: Soap, vm: string): Promise<{ id: string; url: string }> {
  const id = `HttpNfcLease:${(await soap.call('ExportVm', vm)).children[0]?.text ?? ''}`;
  let info: Node | undefined;
  while (info === undefined) info = (await soap.read(id, ['info'])).get('info');
  return { id, url: child(child(info, 'deviceUrl'), 'url')?.text ?? '' };
}

const FLAT = '/folder/a/a-flat.vmdk?dcPath=DC0&dsName=vmfs1';

test('an expired session is refused until the next login', async () => {
  const { soap, vm } = await start();
  vc.expireSessions();
  await expect(soap.read(vm, ['name'])).rejects.toMatchObject({ type: 'NotAuthenticated' });
  const again = await Soap.login(vc);
  expect((await again.read(vm, ['name'])).get('name')?.text).toBe('a');
});

test('sessions beyond the limit are refused, and a logout makes room', async () => {
  const { soap } = await start({ sessionLimit: 2 });
  await Soap.login(vc);
  await expect(Soap.login(vc)).rejects.toThrow(/Out of HTTP sessions/);
  await soap.call('Logout', 'SessionManager:SessionManager');
  expect(vc.sessions).toBe(1);
  await Soap.login(vc);
  expect(vc.sessions).toBe(2);
});

test('a lease that nobody keeps alive ends, with its downloads', async () => {
  const { soap, vm } = await start({ leaseTimeoutSeconds: 0.3 });
  vc.faults.add({ path: '/nfc', kind: 'rate', bytesPerSecond: 10_000 });
  const { id, url } = await lease(soap, vm);
  await expect(raw(url)).rejects.toThrow(/aborted|hang up|ECONNRESET/);
  const properties = await soap.read(id, ['state', 'error']);
  expect(properties.get('state')?.text).toBe('error');
  expect(child(properties.get('error'), 'fault')?.attributes['xsi:type']).toBe('Timedout');
  await expect(soap.call('HttpNfcLeaseProgress', id, '<percent>1</percent>')).rejects.toMatchObject({
    type: 'InvalidState',
  });
  await soap.task('PowerOnVM_Task', vm);
});

test('a lease locks the machine’s files', async () => {
  const { soap, vm } = await start();
  const { id } = await lease(soap, vm);
  const headers = { cookie: soap.cookie };
  expect((await raw(vc.url + FLAT, { headers, method: 'HEAD' })).status).toBe(500);
  await soap.call('HttpNfcLeaseAbort', id);
  expect((await raw(vc.url + FLAT, { headers, method: 'HEAD' })).status).toBe(200);
});

test('a host of * is given when asked for', async () => {
  const { soap, vm } = await start({ leaseHost: 'star' });
  expect((await lease(soap, vm)).url).toMatch(/^https:\/\/\*:\d+\/nfc\//);
});

test('ranges may be ignored by option', async () => {
  const { soap } = await start({ ignoreRange: true });
  const answer = await raw(vc.url + FLAT, { headers: { cookie: soap.cookie, range: 'bytes=0-9' } });
  expect([answer.status, answer.body.length]).toEqual([200, 2 * MIB]);
});

test('injected faults hit so many requests and no more', async () => {
  const { soap, vm } = await start();
  const headers = { cookie: soap.cookie };
  vc.faults.add({ method: 'RetrievePropertiesEx', times: 1, kind: 'soapFault', name: 'HostCommunication' });
  await expect(soap.read(vm, ['name'])).rejects.toMatchObject({ type: 'HostCommunication' });
  expect((await soap.read(vm, ['name'])).get('name')?.text).toBe('a');
  vc.faults.add({ path: '/folder', times: 1, after: 1, kind: 'http', status: 503 });
  expect((await raw(vc.url + FLAT, { headers, method: 'HEAD' })).status).toBe(200);
  expect((await raw(vc.url + FLAT, { headers, method: 'HEAD' })).status).toBe(503);
  vc.faults.add({ path: '/folder', times: 1, kind: 'reset' });
  await expect(raw(vc.url + FLAT, { headers })).rejects.toThrow(/hang up|ECONNRESET/);
  vc.faults.add({ path: '/folder', times: 1, kind: 'truncate', bytes: 1000 });
  await expect(raw(vc.url + FLAT, { headers })).rejects.toThrow(/aborted|ECONNRESET/);
  vc.faults.add({ path: '/folder', times: 1, kind: 'corrupt', offset: 300_000 });
  const spoilt = (await raw(vc.url + FLAT, { headers })).body;
  const right = (await raw(vc.url + FLAT, { headers })).body;
  expect(right.equals(await vc.machine('a').read(0, 0, 2 * MIB))).toBe(true);
  const differing = [...spoilt.keys()].filter((i) => spoilt[i] !== right[i]);
  expect(differing).toEqual([300_000]);
});

test('a task fails when told to, and what it was to do is not done', async () => {
  const { soap, vm } = await start();
  vc.faults.add({
    method: 'PowerOnVM_Task',
    times: 1,
    kind: 'taskFault',
    name: 'InsufficientResourcesFault',
  });
  vc.faults.add({ method: 'PowerOnVM_Task', times: 1, kind: 'taskDelay', ms: 20 });
  await expect(soap.task('PowerOnVM_Task', vm)).rejects.toMatchObject({ type: 'InsufficientResourcesFault' });
  expect(vc.machine('a').powerState).toBe('poweredOff');
  await soap.task('PowerOnVM_Task', vm);
});

test('missing privileges are told', async () => {
  const { soap } = await start({ missingPrivileges: ['VirtualMachine.State.CreateSnapshot'] });
  const answer = await soap.call(
    'HasPrivilegeOnEntities',
    'AuthorizationManager:AuthorizationManager',
    '<entity type="Folder">group-d1</entity><sessionId>x</sessionId><privId>VirtualMachine.State.CreateSnapshot</privId><privId>Datastore.Browse</privId>',
  );
  const got = childrenOf(answer.children[0], 'privAvailability').map((p) => child(p, 'isGranted')?.text);
  expect(got).toEqual(['false', 'true']);
});

test('a guest may refuse to shut down', async () => {
  const { soap, vm } = await start({
    machines: [{ name: 'a', powerState: 'poweredOn', shutdownBehaviour: 'never' }],
    shutdownMs: 0,
  });
  await soap.call('ShutdownGuest', vm);
  await soap.task('PowerOffVM_Task', vm);
  await expect(soap.call('ShutdownGuest', vm)).rejects.toMatchObject({ type: 'InvalidPowerState' });
});

test('a writer changes a running machine’s disk', async () => {
  await start({ machines: [{ name: 'a', powerState: 'poweredOn', disks: [{ sizeBytes: MIB }] }] });
  const machine = vc.machine('a');
  const writer = new Writer(machine, { everyMs: 1, bytes: 1000 });
  while (writer.writes < 5) await new Promise((resolve) => setTimeout(resolve, 2));
  await writer.stop();
  expect((await machine.read(0, 0, MIB)).some((byte) => byte !== 0)).toBe(true);
});

test('a method that is not there is a fault', async () => {
  const { soap, vm } = await start();
  await expect(soap.call('CloneVM_Task', vm)).rejects.toMatchObject({ type: 'MethodNotFound' });
});

test('a machine on an unknown network or datastore is refused with what there is', async () => {
  await start();
  await expect(vc.addMachine({ name: 'x', disks: [{ sizeBytes: 512, datastore: 'none' }] })).rejects.toThrow(
    /vmfs1, nfs1/,
  );
  await expect(
    vc.addMachine({ name: 'x', nics: [{ mac: '00:50:56:00:00:09', network: 'none' }] }),
  ).rejects.toThrow(/no network/);
});
