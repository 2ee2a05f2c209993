import { open } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Answer,
  type Client,
  guestDisk,
  type Json,
  QUICK,
  type Running,
  start,
  until,
  uploaded,
} from './kit.ts';

const compute = '/compute/v2.1';
let lab: Running;
let demo: Client;
let admin: Client;
let flavor: string;
let network: string;
beforeAll(async () => {
  // Long enough for its stations to be seen on a busy machine.
  const delays = { ...QUICK, serverBuild: 300, serverPower: 300 };
  lab = await start({ quotas: { instances: 100, cores: 100, volumes: 100 }, delays });
  demo = await lab.as('demo');
  admin = await lab.as('admin');
  const flavors = (await demo.call('GET', `${compute}/flavors`)).json['flavors'] as Json[];
  flavor = String(flavors.find((one) => one['name'] === 'm1.nano')?.['id']);
  const networks = (await demo.call('GET', '/network/v2.0/networks?name=private')).json['networks'] as Json[];
  network = String(networks[0]?.['id']);
});
afterAll(() => lab[Symbol.asyncDispose]());

const micro = (version: string) => ({ 'OpenStack-API-Version': `compute ${version}` });
const at290 = micro('2.90');

const create = (facts: Json, version = '2.90'): Promise<Answer> =>
  demo.call(
    'POST',
    `${compute}/servers`,
    { server: { name: 'vm', flavorRef: flavor, networks: 'none', ...facts } },
    micro(version),
  );
const show = async (id: string): Promise<Json> =>
  (await demo.call('GET', `${compute}/servers/${id}`, undefined, at290)).json['server'] as Json;
const act = (id: string, body: Json): Promise<Answer> =>
  demo.call('POST', `${compute}/servers/${id}/action`, body, at290);
const reach = (id: string, status: string): Promise<Json> =>
  until(
    () => show(id),
    (one) => one['status'] === status && one['OS-EXT-STS:task_state'] === null,
  );
const idOf = (answer: Answer, kind = 'server'): string => String((answer.json[kind] as Json)['id']);

async function console_(id: string, length: number | null = null): Promise<string> {
  const answer = await until(
    () => act(id, { 'os-getConsoleOutput': { length } }),
    (one) => one.status === 200 && one.json['output'] !== '',
  );
  return String(answer.json['output']);
}

async function booted(facts: Json): Promise<string> {
  const made = await create(facts);
  expect(made.status).toBe(202);
  const id = idOf(made);
  await reach(id, 'ACTIVE');
  return console_(id);
}

async function newPort(facts: Json = {}): Promise<Json> {
  const port = { network_id: network, ...facts };
  return (await demo.call('POST', '/network/v2.0/ports', { port })).json['port'] as Json;
}

async function newVolume(facts: Json = {}): Promise<string> {
  const base = `/volume/v3/${demo.projectId}/volumes`;
  const id = idOf(await demo.call('POST', base, { volume: { size: 1, ...facts } }), 'volume');
  await reachVolume(id, 'available');
  return id;
}
const reachVolume = (id: string, status: string): Promise<Json> =>
  until(
    async () => (await demo.call('GET', `/volume/v3/${demo.projectId}/volumes/${id}`)).json['volume'] as Json,
    (one) => one['status'] === status,
  );

test('a guest boots from its image, and says who it is and what it has', async () => {
  const image = await uploaded(demo, guestDisk('web-01'));
  const [one, two] = [await newPort({ mac_address: '00:50:56:01:02:03' }), await newPort()];
  const made = await create({
    imageRef: image,
    networks: [{ port: one['id'] }, { port: two['id'] }],
    tags: ['guts'],
    metadata: { guts: 'm-1' },
    description: 'migrated',
  });
  const id = idOf(made);
  expect((await show(id))['status']).toBe('BUILD');
  const server = await reach(id, 'ACTIVE');
  expect(server).toMatchObject({
    tags: ['guts'],
    metadata: { guts: 'm-1' },
    description: 'migrated',
    image: { id: image },
    flavor: { original_name: 'm1.nano' },
  });
  expect((server['addresses'] as Json)['private']).toHaveLength(2);
  const text = await console_(id);
  const [ip] = one['fixed_ips'] as { ip_address: string }[];
  expect(text).toContain('GUTS-GUEST-BOOT id=web-01');
  expect(text).toContain(`GUTS-GUEST-DISK name=vda bytes=${2 ** 30}\n`);
  expect(text).toContain(`GUTS-GUEST-NIC name=eth0 mac=00:50:56:01:02:03 ip=${ip?.ip_address ?? ''}\n`);
  expect(text).toContain(`name=eth1 mac=${String(two['mac_address'])}`);
  expect(text).toMatch(/GUTS-GUEST-READY id=web-01\n\nweb-01 login: $/);
  expect(await console_(id, 1)).toBe('web-01 login: ');
});

test.each([
  ['UEFI disk with its property', 'uefi', { hw_firmware_type: 'uefi' }, true],
  ['UEFI disk without its property', 'uefi', {}, false],
  ['BIOS disk', 'bios', {}, true],
  ['BIOS disk that is said to be UEFI', 'bios', { hw_firmware_type: 'uefi' }, false],
] as const)('%s: boots as a real machine would', async (_what, firmware, properties, boots) => {
  const image = await uploaded(demo, guestDisk('fw', firmware), properties);
  const text = await booted({ imageRef: image });
  expect(text.includes('GUTS-GUEST-READY id=fw')).toBe(boots);
  expect(text.includes('No bootable device.')).toBe(!boots);
});

test.each([
  ['the boot signature', 510],
  ['the guest', 4098],
])('a copy that spoiled %s does not boot', async (_what, at) => {
  const disk = guestDisk('spoilt');
  disk.writeUInt8(0, at);
  expect(await booted({ imageRef: await uploaded(demo, disk) })).toContain('No bootable device.');
});

test('a server boots from a volume, with a second one as data', async () => {
  const [boot, data] = [await newVolume(), await newVolume({ size: 2 })];
  const disk = guestDisk('vol-01', 'uefi');
  const file = await open(lab.cloud.volumePath(boot), 'r+');
  await file.write(disk);
  await file.close();
  const device = (uuid: string, boot_index: number): Json => ({
    uuid,
    boot_index,
    source_type: 'volume',
    destination_type: 'volume',
    delete_on_termination: boot_index === 0,
  });
  const wanted = { block_device_mapping_v2: [device(boot, 0), device(data, -1)] };
  expect((await create(wanted)).status).toBe(400); // not bootable yet
  const action = `/volume/v3/${demo.projectId}/volumes/${boot}/action`;
  await demo.call('POST', action, { 'os-set_bootable': { bootable: true } });
  await demo.call('POST', action, { 'os-set_image_metadata': { metadata: { hw_firmware_type: 'uefi' } } });
  const id = idOf(await create(wanted));
  await reach(id, 'ACTIVE');
  const text = await console_(id);
  expect(text).toContain('GUTS-GUEST-READY id=vol-01');
  expect(text).toContain(`name=vdb bytes=${2 ** 31}\n`);
  expect((await reachVolume(boot, 'in-use'))['attachments']).toMatchObject([{ server_id: id }]);
  await demo.call('DELETE', `${compute}/servers/${id}`);
  await reachVolume(data, 'available');
  await until(
    () => demo.call('GET', `/volume/v3/${demo.projectId}/volumes/${boot}`),
    (answer) => answer.status === 404,
  );
});

test('a refused server holds nothing', async () => {
  const port = await newPort();
  const volume = await newVolume();
  const refused = await create({
    networks: [{ port: port['id'] }],
    block_device_mapping_v2: [
      { uuid: volume, boot_index: -1, source_type: 'volume', destination_type: 'volume' },
    ],
    imageRef: '6f5b4a3e-0000-4000-8000-000000000000',
  });
  expect(refused.status).toBe(400);
  const after = await demo.call('GET', `/network/v2.0/ports/${String(port['id'])}`);
  expect(after.json['port']).toMatchObject({ device_id: '', device_owner: '' });
  expect(await reachVolume(volume, 'available')).toMatchObject({ attachments: [] });
});

test('deleting frees given ports, and deletes its own', async () => {
  const image = await uploaded(demo, guestDisk('gone'));
  const port = await newPort();
  const id = idOf(await create({ imageRef: image, networks: [{ port: port['id'] }, { uuid: network }] }));
  await reach(id, 'ACTIVE');
  const portsOf = async () =>
    (await demo.call('GET', `/network/v2.0/ports?device_id=${id}`)).json['ports'] as Json[];
  expect(await portsOf()).toHaveLength(2);
  const again = await create({ imageRef: image, networks: [{ port: port['id'] }] });
  expect(again.status).toBe(409);
  expect((await demo.call('DELETE', `${compute}/servers/${id}`)).status).toBe(204);
  await until(
    () => demo.call('GET', `${compute}/servers/${id}`),
    (answer) => answer.status === 404,
  );
  await until(portsOf, (left) => left.length === 0);
  const kept = await demo.call('GET', `/network/v2.0/ports/${String(port['id'])}`);
  expect(kept.json['port']).toMatchObject({ status: 'DOWN', device_id: '', device_owner: '' });
});

test('stop, start and reboot change the state; a stopped server has no console', async () => {
  const image = await uploaded(demo, guestDisk('power'));
  const id = idOf(await create({ imageRef: image }));
  expect((await act(id, { 'os-stop': null })).status).toBe(409);
  await reach(id, 'ACTIVE');
  expect((await act(id, { 'os-start': null })).status).toBe(409);
  expect((await act(id, { 'os-stop': null })).status).toBe(202);
  await reach(id, 'SHUTOFF');
  expect((await act(id, { 'os-getConsoleOutput': {} })).status).toBe(404);
  await act(id, { 'os-start': null });
  await reach(id, 'ACTIVE');
  await console_(id);
  expect((await act(id, { reboot: { type: 'HARD' } })).status).toBe(202);
  expect((await show(id))['status']).toBe('HARD_REBOOT');
  await reach(id, 'ACTIVE');
  expect(await console_(id)).toContain('GUTS-GUEST-READY id=power');
});

test('a server that cannot be built ends in error, and says why', async () => {
  const image = await uploaded(demo, guestDisk('doomed'));
  const path = /servers$/;
  lab.cloud.faults.add({ service: 'compute', method: 'POST', path, kind: 'doom', message: 'No valid host' });
  const server = await reach(idOf(await create({ imageRef: image })), 'ERROR');
  expect(server['fault']).toMatchObject({ code: 500, message: 'No valid host' });
});

test('an image larger than the flavor ends in error', async () => {
  const qcow2 = Buffer.alloc(65_536);
  qcow2.writeUInt32BE(0x514649fb, 0);
  qcow2.writeUInt32BE(3, 4);
  qcow2.writeUInt32BE(16, 20);
  qcow2.writeBigUInt64BE(2n ** 31n, 24);
  const image = await uploaded(demo, qcow2, { disk_format: 'qcow2' });
  const server = await reach(idOf(await create({ imageRef: image })), 'ERROR');
  expect(server['fault']).toHaveProperty('message', expect.stringContaining('too small'));
});

test('metadata and tags are changed afterwards', async () => {
  const id = idOf(await create({ imageRef: await uploaded(demo, guestDisk('meta')), metadata: { a: '1' } }));
  const path = `${compute}/servers/${id}`;
  const put = (at: string, body?: Json) => demo.call('PUT', path + at, body, at290);
  expect((await demo.call('POST', `${path}/metadata`, { metadata: { b: '2' } })).json).toEqual({
    metadata: { a: '1', b: '2' },
  });
  expect((await demo.call('DELETE', `${path}/metadata/a`)).status).toBe(204);
  expect((await demo.call('DELETE', `${path}/metadata/a`)).status).toBe(404);
  expect((await put('/tags/one')).status).toBe(201);
  expect((await put('/tags/one')).status).toBe(204);
  expect((await put('/tags', { tags: ['x', 'y'] })).json).toEqual({ tags: ['x', 'y'] });
  const found = await demo.call('GET', `${compute}/servers/detail?tags=x,y`, undefined, at290);
  expect(found.json['servers']).toMatchObject([{ id, metadata: { b: '2' } }]);
  expect((await put('', { server: { name: 'renamed' } })).json).toMatchObject({
    server: { name: 'renamed' },
  });
});

test('a volume is attached to a running server, and taken off', async () => {
  const id = idOf(await create({ imageRef: await uploaded(demo, guestDisk('hot')) }));
  await reach(id, 'ACTIVE');
  const volume = await newVolume();
  const path = `${compute}/servers/${id}/os-volume_attachments`;
  const body = { volumeAttachment: { volumeId: volume } };
  const made = await demo.call('POST', path, body, at290);
  expect(made.json['volumeAttachment']).toMatchObject({ volumeId: volume, serverId: id, device: '/dev/vdb' });
  await reachVolume(volume, 'in-use');
  expect((await demo.call('GET', path, undefined, at290)).json['volumeAttachments']).toHaveLength(1);
  expect((await demo.call('DELETE', `${path}/${volume}`, undefined, at290)).status).toBe(202);
  await reachVolume(volume, 'available');
  expect((await demo.call('DELETE', `${path}/${volume}`, undefined, at290)).status).toBe(404);
});

test.each([
  [{ tags: ['a'] }, '2.51', 400],
  [{ tags: ['a,b'] }, '2.52', 400],
  [{ flavorRef: 'none' }, '2.90', 400],
  [{ networks: [{ port: 'none' }] }, '2.90', 400],
  [{}, '2.90', 400],
])('a server with %j at %s is refused', async (facts, version, status) => {
  const answer = await create(facts, version);
  expect(answer.status).toBe(status);
  expect(answer.json).toHaveProperty('badRequest.message');
});

test('quotas are refused with 403; limits tell what is used', async () => {
  await using small = await start({ quotas: { cores: 1 } });
  const client = await small.as('demo');
  const image = await uploaded(client, guestDisk('q'));
  const flavors = (await client.call('GET', `${compute}/flavors`)).json['flavors'] as Json[];
  const server = { name: 'q', imageRef: image, flavorRef: flavors[0]?.['id'], networks: 'none' };
  const post = () => client.call('POST', `${compute}/servers`, { server }, micro('2.37'));
  expect((await post()).status).toBe(202);
  const refused = await post();
  expect([refused.status, refused.text]).toEqual([403, expect.stringContaining('Quota exceeded for cores')]);
  const limits = (await client.call('GET', `${compute}/limits`)).json['limits'] as { absolute: Json };
  expect(limits.absolute).toMatchObject({ maxTotalCores: 1, totalCoresUsed: 1, totalInstancesUsed: 1 });
});

test('flavors are made by administrators only', async () => {
  const body = { flavor: { name: 'guts.2-3072', vcpus: 2, ram: 3072, disk: 0 } };
  expect((await demo.call('POST', `${compute}/flavors`, body)).status).toBe(403);
  expect((await admin.call('POST', `${compute}/flavors`, body)).status).toBe(200);
  expect((await admin.call('POST', `${compute}/flavors`, body)).status).toBe(409);
  const listed = await demo.call('GET', `${compute}/flavors/detail`, undefined, at290);
  expect(listed.text).toContain('guts.2-3072');
});

test('lists come in pages, newest first; other projects see nothing of them', async () => {
  const image = await uploaded(demo, guestDisk('page'));
  const ids = [];
  for (const name of ['paged-1', 'paged-2', 'paged-3'])
    ids.push(idOf(await create({ name, imageRef: image })));
  const first = await demo.call('GET', `${compute}/servers?name=paged&limit=2`);
  expect((first.json['servers'] as Json[]).map((one) => one['id'])).toEqual([ids[2], ids[1]]);
  const [link] = first.json['servers_links'] as { rel: string; href: string }[];
  expect(link?.rel).toBe('next');
  const second = await demo.call('GET', String(link?.href).replace(lab.cloud.url, ''));
  expect((second.json['servers'] as Json[]).map((one) => one['id'])).toEqual([ids[0]]);
  expect(second.json).not.toHaveProperty('servers_links');
  expect((await admin.call('GET', `${compute}/servers?name=paged`)).json['servers']).toEqual([]);
  const all = await admin.call('GET', `${compute}/servers?name=paged&all_tenants=1`);
  expect(all.json['servers']).toHaveLength(3);
});

test('an unknown microversion is answered 406', async () => {
  const refused = await demo.call('GET', `${compute}/servers`, undefined, micro('2.94'));
  expect(refused.status).toBe(406);
  const fine = await demo.call('GET', `${compute}/servers`, undefined, at290);
  expect(fine.headers.get('openstack-api-version')).toBe('compute 2.90');
  expect(fine.headers.get('x-openstack-request-id')).toMatch(/^req-/);
});

test('a locked server refuses whatever changes it to all but administrators', async () => {
  const imageRef = await uploaded(demo, guestDisk('locked'));
  const id = idOf(await create({ imageRef }));
  await reach(id, 'ACTIVE');
  const early = { lock: { locked_reason: 'x' } };
  expect((await demo.call('POST', `${compute}/servers/${id}/action`, early, micro('2.72'))).status).toBe(400);
  expect((await act(id, { lock: { locked_reason: 'parked' } })).status).toBe(202);
  expect(await show(id)).toMatchObject({ locked: true, locked_reason: 'parked' });
  expect((await act(id, { 'os-stop': null })).status).toBe(409);
  expect((await demo.call('DELETE', `${compute}/servers/${id}`)).status).toBe(409);
  expect((await demo.call('PUT', `${compute}/servers/${id}/metadata`, { metadata: {} })).status).toBe(409);
  const volume = { volumeAttachment: { volumeId: await newVolume() } };
  const attach = await demo.call('POST', `${compute}/servers/${id}/os-volume_attachments`, volume, at290);
  expect(attach.status).toBe(409);
  // An administrator may, and what he locks only he unlocks.
  const asAdmin = (body: Json) => admin.call('POST', `${compute}/servers/${id}/action`, body, at290);
  expect((await asAdmin({ 'os-stop': null })).status).toBe(202);
  await reach(id, 'SHUTOFF');
  expect((await asAdmin({ unlock: null })).status).toBe(202);
  expect((await asAdmin({ lock: null })).status).toBe(202);
  expect((await act(id, { unlock: null })).status).toBe(403);
  expect((await asAdmin({ unlock: null })).status).toBe(202);
  expect((await act(id, { 'os-start': null })).status).toBe(202);
});

test.for([' web', 'web\u3000', 'web\t1', 'web 🚀', 'a\u200db', 'x'.repeat(256), 'a\u2028b', '\uffff'])(
  'a server is not called %j',
  async (name) => {
    const image = await uploaded(demo, guestDisk('named'));
    const made = await create({ imageRef: image, name });
    expect(made.status).toBe(400);
    expect(made.text).toContain('name');
  },
);

test('a server may be called much else', async () => {
  const image = await uploaded(demo, guestDisk('named'));
  const name = `${'Ünï/cödé "100%" \\ 東京 ❤️ '.repeat(9)}end`;
  const made = await create({ imageRef: image, name });
  expect(made.status).toBe(202);
  expect((await show(idOf(made)))['name']).toBe(name);
});

test('a server is made in a zone that there is', async () => {
  const image = await uploaded(demo, guestDisk('zoned'));
  const listed = await demo.call('GET', `${compute}/os-availability-zone`, undefined, at290);
  expect(listed.json['availabilityZoneInfo']).toMatchObject([
    { zoneName: 'nova', zoneState: { available: true } },
  ]);
  const at = (availability_zone: string) => create({ imageRef: image, availability_zone });
  expect((await at('nova')).status).toBe(202);
  expect(await at('mars')).toMatchObject({ status: 400, text: expect.stringContaining('not available') });
  expect((await at('nova:host-1')).status).toBe(403);
});
