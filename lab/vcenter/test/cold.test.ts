import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startVCenter, type VCenter } from '../src/index.ts';
import { child, childrenOf } from '../src/soap/parse.ts';
import { Fault, raw, Soap } from './client.ts';

const MIB = 1024 * 1024;
let vc: VCenter;
let soap: Soap;

beforeAll(async () => {
  vc = await startVCenter({
    machines: [
      {
        name: 'web/01 ü',
        disks: [
          {
            sizeBytes: 8 * MIB,
            source: {
              pattern: 7,
              dataExtents: [
                { offset: 0, length: MIB },
                { offset: 5 * MIB, length: 70_000 },
              ],
            },
          },
          { sizeBytes: 3 * MIB, controller: 'nvme', datastore: 'nfs1' },
        ],
        nics: [{ mac: '00:50:56:00:00:01', network: 'VM Network', ip: '192.0.2.5' }],
      },
    ],
    extraMachines: 5,
  });
  soap = await Soap.login(vc);
});
afterAll(async () => vc.close());

const vm = (): string => `VirtualMachine:${vc.machine('web/01 ü').id}`;

test('a method without a session is refused, as is a wrong password', async () => {
  const stranger = new Soap(vc.url);
  await expect(stranger.read(vm(), ['name'])).rejects.toMatchObject({ type: 'NotAuthenticated' });
  await expect(
    stranger.call('Login', 'SessionManager:SessionManager', '<userName>x</userName><password>y</password>'),
  ).rejects.toMatchObject({ type: 'InvalidLogin' });
});

test('a container view lists all machines in pages', async () => {
  const view = await soap.call(
    'CreateContainerView',
    'ViewManager:ViewManager',
    '<container type="Folder">group-d1</container><type>VirtualMachine</type><recursive>true</recursive>',
  );
  const id = view.children[0]?.text ?? '';
  const spec =
    '<specSet><propSet><type>VirtualMachine</type><pathSet>name</pathSet><pathSet>runtime.powerState</pathSet></propSet>' +
    `<objectSet><obj type="ContainerView">${id}</obj><skip>true</skip><selectSet xsi:type="TraversalSpec"><type>ContainerView</type><path>view</path></selectSet></objectSet></specSet>`;
  const names: string[] = [];
  let page = await soap.call(
    'RetrievePropertiesEx',
    'PropertyCollector:propertyCollector',
    `${spec}<options><maxObjects>4</maxObjects></options>`,
  );
  for (;;) {
    for (const object of childrenOf(page.children[0], 'objects'))
      names.push(child(childrenOf(object, 'propSet')[0], 'val')?.text ?? '');
    const token = child(page.children[0], 'token')?.text;
    if (token === undefined) break;
    page = await soap.call(
      'ContinueRetrievePropertiesEx',
      'PropertyCollector:propertyCollector',
      `<token>${token}</token>`,
    );
  }
  expect(names).toEqual([
    'web%2f01 ü',
    'extra-00001',
    'extra-00002',
    'extra-00003',
    'extra-00004',
    'extra-00005',
  ]);
  await soap.call('DestroyView', `ContainerView:${id}`);
  await expect(soap.read(`ContainerView:${id}`, ['view'])).rejects.toMatchObject({
    type: 'ManagedObjectNotFound',
  });
});

test('power changes are tasks, and impossible ones fail with InvalidPowerState', async () => {
  await soap.task('PowerOnVM_Task', vm());
  expect(vc.machine('web/01 ü').powerState).toBe('poweredOn');
  await expect(soap.task('PowerOnVM_Task', vm())).rejects.toMatchObject({ type: 'InvalidPowerState' });
  await expect(soap.call('ExportVm', vm())).rejects.toMatchObject({ type: 'InvalidPowerState' });
  await soap.task('PowerOffVM_Task', vm());
});

test('an export downloads streamOptimized VMDK that qemu-img turns back into the same bytes', async () => {
  const lease = `HttpNfcLease:${(await soap.call('ExportVm', vm())).children[0]?.text ?? ''}`;
  let info;
  while (info === undefined) info = (await soap.read(lease, ['info', 'state'])).get('info');
  await expect(soap.task('PowerOnVM_Task', vm())).rejects.toMatchObject({ type: 'TaskInProgress' });
  const urls = childrenOf(info, 'deviceUrl');
  expect(urls).toHaveLength(2);
  expect(child(urls[0], 'sslThumbprint')?.text).toBe(vc.esxiFingerprintSha1);
  const answer = await raw(child(urls[0], 'url')?.text ?? '');
  expect(answer.status).toBe(200);
  expect(answer.body.readBigUInt64LE(56)).toBe(0xffff_ffff_ffff_ffffn);
  await soap.call('HttpNfcLeaseProgress', lease, '<percent>50</percent>');
  await soap.call('HttpNfcLeaseComplete', lease);
  await expect(soap.call('HttpNfcLeaseProgress', lease, '<percent>50</percent>')).rejects.toBeInstanceOf(
    Fault,
  );
  expect((await raw(child(urls[0], 'url')?.text ?? '')).status).toBe(500);
  if (!existsSync('/usr/bin/qemu-img')) {
    if (process.env['GUTS_REQUIRE_TOOLS'] === '1') throw new Error('qemu-img is absent');
    return;
  }
  const dir = await mkdtemp(join(tmpdir(), 'fake-vcenter-test-'));
  try {
    await writeFile(join(dir, 'a.vmdk'), answer.body);
    const run = promisify(execFile);
    await run('qemu-img', ['convert', '-f', 'vmdk', '-O', 'raw', join(dir, 'a.vmdk'), join(dir, 'a.raw')]);
    const back = await readFile(join(dir, 'a.raw'));
    expect(back.equals(await readFile(vc.machine('web/01 ü').disks[0]!.path))).toBe(true);
  } finally {
    await rm(dir, { recursive: true });
  }
});

test('what is packed beforehand is sent as it is, until the disk is written to', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'fake-vcenter-test-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const packed = join(dir, 'packed.vmdk');
  await writeFile(packed, 'packed beforehand');
  await vc.addMachine({ name: 'packed', disks: [{ sizeBytes: MIB, packed }] });
  const machine = vc.machine('packed');
  const exported = async (): Promise<Buffer> => {
    const { children } = await soap.call('ExportVm', `VirtualMachine:${machine.id}`);
    const lease = `HttpNfcLease:${children[0]?.text ?? ''}`;
    let info;
    while (info === undefined) info = (await soap.read(lease, ['info'])).get('info');
    const { body } = await raw(child(childrenOf(info, 'deviceUrl')[0], 'url')?.text ?? '');
    await soap.call('HttpNfcLeaseComplete', lease);
    return body;
  };
  expect((await exported()).toString()).toBe('packed beforehand');
  await machine.write(0, 0, Buffer.from('x'));
  expect((await exported()).toString('latin1', 0, 4)).toBe('KDMV');
});

test('datastore files come in ranges to who is logged in, when nothing locks them', async () => {
  const url = `${vc.url}/folder/${encodeURIComponent('web_01 ü')}/${encodeURIComponent('web_01 ü')}-flat.vmdk?dcPath=DC0&dsName=vmfs1`;
  expect((await raw(url)).status).toBe(401);
  const headers = { cookie: soap.cookie };
  const head = await raw(url, { method: 'HEAD', headers });
  expect([head.status, head.headers['content-length'], head.headers['accept-ranges']]).toEqual([
    200,
    String(8 * MIB),
    'bytes',
  ]);
  const part = await raw(url, { headers: { ...headers, range: `bytes=${5 * MIB - 100}-${5 * MIB + 99}` } });
  expect(part.status).toBe(206);
  expect(part.headers['content-range']).toBe(`bytes ${5 * MIB - 100}-${5 * MIB + 99}/${8 * MIB}`);
  expect(part.body.equals(await vc.machine('web/01 ü').read(0, 5 * MIB - 100, 200))).toBe(true);
  const basic = `Basic ${Buffer.from(`${vc.username}:${vc.password}`).toString('base64')}`;
  expect((await raw(url, { headers: { authorization: basic, range: 'bytes=0-0' } })).status).toBe(206);
  expect((await raw(url.replace('-flat', '-none'), { headers })).status).toBe(404);
  vc.machine('web/01 ü').setPower('poweredOn');
  expect((await raw(url, { headers, method: 'HEAD' })).status).toBe(500);
  vc.machine('web/01 ü').setPower('poweredOff');
});
