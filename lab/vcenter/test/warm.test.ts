import { inflateSync as inflate } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { startVCenter, type VCenter, type VCenterOptions } from '../src/index.ts';
import { child, childrenOf, type Node } from '../src/soap/parse.ts';
import { raw, Soap } from './client.ts';

const MIB = 1024 * 1024;
const NAME = 'db1';
let vc: VCenter;
afterEach(async () => vc.close());

async function start(options: VCenterOptions = {}): Promise<{ soap: Soap; vm: string }> {
  vc = await startVCenter({
    machines: [
      {
        name: NAME,
        powerState: 'poweredOn',
        disks: [
          { sizeBytes: 8 * MIB, source: { pattern: 3, dataExtents: [{ offset: 0, length: 2 * MIB }] } },
        ],
        nics: [{ mac: '00:50:56:00:00:02', network: 'dvpg-prod' }],
      },
    ],
    ...options,
  });
  return { soap: await Soap.login(vc), vm: `VirtualMachine:${vc.machine(NAME).id}` };
}

const snapshotArgs = (name: string): string =>
  `<name>${name}</name><description>d</description><memory>false</memory><quiesce>true</quiesce>`;

async function takeSnapshot(soap: Soap, vm: string, name = 's'): Promise<string> {
  const info = await soap.task('CreateSnapshot_Task', vm, snapshotArgs(name));
  return `VirtualMachineSnapshot:${child(info, 'result')?.text ?? ''}`;
}

async function diskOf(soap: Soap, object: string): Promise<Node> {
  const devices = (await soap.read(object, ['config.hardware.device'])).get('config.hardware.device');
  const disk = devices?.children.find((d) => d.attributes['xsi:type'] === 'VirtualDisk');
  if (disk === undefined) throw new Error('no disk');
  return disk;
}

async function changeIdOf(soap: Soap, object: string): Promise<string | undefined> {
  return child(child(await diskOf(soap, object), 'backing'), 'changeId')?.text;
}

async function areas(
  soap: Soap,
  vm: string,
  changeId: string,
  snapshot?: string,
): Promise<[number, number][]> {
  const found: [number, number][] = [];
  for (let at = 0; at < 8 * MIB;) {
    const argument =
      snapshot === undefined
        ? ''
        : `<snapshot type="VirtualMachineSnapshot">${snapshot.split(':')[1]}</snapshot>`;
    const answer = await soap.call(
      'QueryChangedDiskAreas',
      vm,
      `${argument}<deviceKey>2000</deviceKey><startOffset>${at}</startOffset><changeId>${changeId}</changeId>`,
    );
    const info = answer.children[0];
    for (const area of childrenOf(info, 'changedArea'))
      found.push([Number(child(area, 'start')?.text), Number(child(area, 'length')?.text)]);
    at = Number(child(info, 'startOffset')?.text) + Number(child(info, 'length')?.text);
  }
  return found;
}

const ENABLE = '<spec><changeTrackingEnabled>true</changeTrackingEnabled></spec>';

test('a snapshot freezes the bytes while the guest goes on writing', async () => {
  const { soap, vm } = await start();
  const before = await vc.machine(NAME).read(0, 0, 8 * MIB);
  const snapshot = await takeSnapshot(soap, vm);
  await vc.machine(NAME).write(0, 65_000, Buffer.alloc(2000, 0xaa));
  await vc.machine(NAME).write(0, 6 * MIB, Buffer.alloc(10, 0xbb));
  const lease = `HttpNfcLease:${(await soap.call('ExportSnapshot', snapshot)).children[0]?.text ?? ''}`;
  let info: Node | undefined;
  while (info === undefined) info = (await soap.read(lease, ['info'])).get('info');
  const body = (await raw(child(child(info, 'deviceUrl'), 'url')?.text ?? '')).body;
  expect(grains(body, 8 * MIB).equals(before)).toBe(true);
  await soap.call('HttpNfcLeaseAbort', lease);
  await soap.task('RemoveSnapshot_Task', snapshot, '<removeChildren>false</removeChildren>');
  expect(vc.machine(NAME).snapshots).toEqual([]);
  expect((await vc.machine(NAME).read(0, 6 * MIB, 2)).toString('hex')).toBe('bbbb');
});

/** A decoder of its own: reads grains in the order of the stream. */
function grains(file: Buffer, size: number): Buffer {
  const out = Buffer.alloc(size);
  for (let at = 128 * 512; at < file.length;) {
    const sectors = Number(file.readBigUInt64LE(at));
    const length = file.readUInt32LE(at + 8);
    if (length === 0) {
      at += 512 + sectors * 512;
      continue;
    }
    inflate(file.subarray(at + 12, at + 12 + length)).copy(out, sectors * 512);
    at += Math.ceil((12 + length) / 512) * 512;
  }
  return out;
}

test('change ids appear after a stun cycle and name what was written since', async () => {
  const { soap, vm } = await start({ changedAreasLimit: 1 });
  const machine = vc.machine(NAME);
  await soap.task('ReconfigVM_Task', vm, ENABLE);
  expect(await changeIdOf(soap, vm)).toBeUndefined();
  const throwAway = await takeSnapshot(soap, vm);
  expect(await changeIdOf(soap, throwAway)).toBeUndefined();
  await soap.task('RemoveSnapshot_Task', throwAway, '<removeChildren>false</removeChildren>');

  const first = await takeSnapshot(soap, vm);
  const id = (await changeIdOf(soap, first)) ?? '';
  expect(id).toMatch(/^([0-9a-f]{2}[ -]){15}[0-9a-f]{2}\/\d+$/);
  expect(await areas(soap, vm, '*', first)).toEqual([[0, 2 * MIB]]);
  await machine.write(0, 100, Buffer.from('x'));
  await machine.write(0, 3 * MIB - 1, Buffer.from('yz'));
  await soap.task('RemoveSnapshot_Task', first, '<removeChildren>false</removeChildren>');

  const second = await takeSnapshot(soap, vm);
  await machine.write(0, 7 * MIB, Buffer.from('later'));
  expect(await areas(soap, vm, id, second)).toEqual([
    [0, 65_536],
    [3 * MIB - 65_536, 131_072],
  ]);
  const secondId = (await changeIdOf(soap, second)) ?? '';
  expect(secondId.split('/')[0]).toBe(id.split('/')[0]);
  await expect(areas(soap, vm, id)).rejects.toMatchObject({ type: 'FileFault' });
  await soap.task('RemoveSnapshot_Task', second, '<removeChildren>false</removeChildren>');

  await soap.call('ShutdownGuest', vm);
  while (machine.powerState !== 'poweredOff') await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await areas(soap, vm, secondId)).toEqual([[7 * MIB, 65_536]]);
  machine.resetTracking();
  await expect(areas(soap, vm, secondId)).rejects.toMatchObject({ type: 'FileFault' });
});

test('tracking enabled while off is active at once', async () => {
  const { soap, vm } = await start();
  await soap.task('PowerOffVM_Task', vm);
  await expect(areas(soap, vm, '*')).rejects.toMatchObject({ type: 'FileFault' });
  await soap.task('ReconfigVM_Task', vm, ENABLE);
  expect(await areas(soap, vm, '*')).toEqual([[0, 2 * MIB]]);
  await expect(
    soap.call(
      'QueryChangedDiskAreas',
      vm,
      `<deviceKey>2000</deviceKey><startOffset>${8 * MIB}</startOffset><changeId>*</changeId>`,
    ),
  ).rejects.toMatchObject({ type: 'InvalidArgument' });
});

test('nested snapshots keep their own bytes when one between them is removed', async () => {
  const { soap, vm } = await start();
  const machine = vc.machine(NAME);
  const frozen: string[] = [];
  for (const [index, text] of ['one', 'two', 'three'].entries()) {
    await machine.write(0, 10, Buffer.from(text));
    frozen[index] = await takeSnapshot(soap, vm, text);
  }
  await machine.write(0, 10, Buffer.from('now'));
  await soap.task('RemoveSnapshot_Task', frozen[1] ?? '', '<removeChildren>false</removeChildren>');
  const tree = (await soap.read(vm, ['snapshot'])).get('snapshot');
  const root = child(tree, 'rootSnapshotList');
  expect(child(root, 'name')?.text).toBe('one');
  expect(child(child(root, 'childSnapshotList'), 'name')?.text).toBe('three');
  expect(child(tree, 'currentSnapshot')?.text).toBe(frozen[2]?.split(':')[1]);
  await soap.task('PowerOffVM_Task', vm);
  const answer = await raw(`${vc.url}/folder/db1/db1-flat.vmdk?dcPath=DC0&dsName=vmfs1`, {
    headers: { cookie: soap.cookie, range: 'bytes=10-12' },
  });
  expect(answer.body.toString()).toBe('one');
  await soap.task('RemoveAllSnapshots_Task', vm);
  expect((await soap.read(vm, ['snapshot'])).has('snapshot')).toBe(false);
});

test('NICs are disconnected and the annotation is set; what is unknown is refused', async () => {
  const { soap, vm } = await start();
  await soap.task(
    'ReconfigVM_Task',
    vm,
    '<spec><annotation>moved</annotation><deviceChange><operation>edit</operation><device xsi:type="VirtualVmxnet3"><key>4000</key>' +
      '<connectable><startConnected>true</startConnected><allowGuestControl>true</allowGuestControl><connected>false</connected></connectable>' +
      '</device></deviceChange></spec>',
  );
  expect(vc.machine(NAME).connectedNics).toEqual([]);
  expect(vc.machine(NAME).annotation).toBe('moved');
  await soap.task('PowerOffVM_Task', vm);
  expect(vc.machine(NAME).connectedNics).toEqual([4000]);
  await expect(soap.task('ReconfigVM_Task', vm, '<spec><numCPUs>2</numCPUs></spec>')).rejects.toMatchObject({
    type: 'InvalidArgument',
  });
});

test('the content id is new once after each power on and snapshot, in the descriptor as in the inventory', async () => {
  const { soap, vm } = await start();
  const machine = vc.machine(NAME);
  const ids = async (): Promise<readonly (string | undefined)[]> => {
    const backing = child(await diskOf(soap, vm), 'backing');
    const path = (child(backing, 'fileName')?.text ?? '').replace('[vmfs1] ', '');
    const file = await raw(`${vc.url}/folder/${path}?dcPath=DC0&dsName=vmfs1`, {
      headers: { cookie: soap.cookie },
    });
    const text = file.body.toString();
    const found = (name: string): string | undefined => new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1];
    expect(child(backing, 'contentId')?.text.slice(-8)).toBe(found('CID'));
    return [found('CID'), found('parentCID')];
  };
  const [first, parent] = await ids();
  expect(parent).toBe('ffffffff');
  await machine.write(0, 0, Buffer.from('a'));
  const [second] = await ids();
  await machine.write(0, 0, Buffer.from('b'));
  expect((await ids())[0]).toBe(second);
  machine.setPower('poweredOff');
  machine.setPower('poweredOn');
  expect((await ids())[0]).toBe(second);
  await machine.write(0, 0, Buffer.from('c'));
  const [third] = await ids();
  const snapshot = await takeSnapshot(soap, vm);
  await machine.write(0, 0, Buffer.from('d'));
  const [fourth, below] = await ids();
  expect(below).toBe(third);
  await soap.task('RemoveSnapshot_Task', snapshot, '<removeChildren>true</removeChildren>');
  expect(await ids()).toEqual([fourth, 'ffffffff']);
  expect(new Set([first, second, third, fourth]).size).toBe(4);
});
