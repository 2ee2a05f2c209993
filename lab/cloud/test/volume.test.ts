import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Answer,
  type Client,
  guestDisk,
  type Json,
  type Running,
  start,
  until,
  uploaded,
} from './kit.ts';

const GIB = 2 ** 30;
let lab: Running;
let demo: Client;
let base: string;
beforeAll(async () => {
  lab = await start({ quotas: { volumes: 100 } });
  demo = await lab.as('demo');
  base = `/volume/v3/${demo.projectId}`;
});
afterAll(() => lab[Symbol.asyncDispose]());

const micro = (version: string) => ({ 'OpenStack-API-Version': `volume ${version}` });
const at354 = micro('3.54');
const volumeOf = (answer: Answer): Json => answer.json['volume'] as Json;
const show = async (id: string): Promise<Json> => volumeOf(await demo.call('GET', `${base}/volumes/${id}`));

async function ended(facts: Json): Promise<Json> {
  const made = await demo.call('POST', `${base}/volumes`, { volume: { size: 1, ...facts } });
  expect(made.status).toBe(202);
  expect(volumeOf(made)['status']).toBe('creating');
  const id = String(volumeOf(made)['id']);
  return until(
    () => show(id),
    (one) => one['status'] !== 'creating' && one['status'] !== 'downloading',
  );
}

async function make(facts: Json = {}): Promise<string> {
  const volume = await ended(facts);
  expect(volume['status']).toBe('available');
  return String(volume['id']);
}

const attach = async (volume: string, connector?: Json): Promise<Answer> =>
  demo.call(
    'POST',
    `${base}/attachments`,
    { attachment: { volume_uuid: volume, ...(connector ? { connector } : {}) } },
    at354,
  );

test('an empty volume is a sparse file of its size', async () => {
  const id = await make({ name: 'data', metadata: { guts: 'yes' } });
  expect(await show(id)).toMatchObject({ name: 'data', bootable: 'false', volume_type: 'nfs', size: 1 });
  expect((await stat(lab.cloud.volumePath(id))).size).toBe(GIB);
  expect((await stat(lab.cloud.volumePath(id))).blocks).toBe(0);
});

test('bytes written through an attachment are in the volume afterwards', async () => {
  const id = await make();
  const made = await attach(id, { host: 'worker', initiator: 'none' });
  expect(made.status).toBe(200);
  const attachment = made.json['attachment'] as { id: string; connection_info: Json };
  const { connection_info: info } = attachment;
  expect(info).toMatchObject({
    driver_volume_type: 'nfs',
    export: `127.0.0.1:${join(lab.stateDir, 'nfs-export', 'hosts', attachment.id)}`,
    name: `volume-${id}`,
    format: 'raw',
  });
  const folder = String(info['export']).replace('127.0.0.1:', '');
  const file = await open(join(folder, String(info['name'])), 'r+');
  await file.write('written by a worker', 4096);
  await file.close();
  const one = `${base}/attachments/${attachment.id}`;
  expect((await demo.call('POST', `${one}/action`, { 'os-complete': {} }, at354)).status).toBe(204);
  expect((await show(id))['status']).toBe('in-use');
  const listed = await demo.call('GET', `${base}/attachments?volume_id=${id}`, undefined, at354);
  expect(listed.json['attachments']).toMatchObject([{ id: attachment.id, volume_id: id }]);
  expect((await demo.call('DELETE', `${base}/volumes/${id}`)).status).toBe(400);
  expect((await demo.call('DELETE', one, undefined, at354)).status).toBe(200);
  expect((await show(id))['status']).toBe('available');
  expect((await demo.call('GET', one, undefined, at354)).status).toBe(404);
  // Whoever kept the path does not come to the volume by it any more.
  await expect(stat(join(folder, String(info['name'])))).rejects.toMatchObject({ code: 'ENOENT' });
  const stored = await open(lab.cloud.volumePath(id));
  const { buffer } = await stored.read(Buffer.alloc(19), 0, 19, 4096);
  await stored.close();
  expect(buffer.toString()).toBe('written by a worker');
});

test('an attachment without connector reserves; the connector comes by update', async () => {
  const id = await make();
  const made = (await attach(id)).json['attachment'] as { id: string };
  expect((await show(id))['status']).toBe('reserved');
  const body = { attachment: { connector: { host: 'worker' } } };
  const put = await demo.call('PUT', `${base}/attachments/${made.id}`, body, at354);
  expect(put.json).toMatchObject({ attachment: { connection_info: { driver_volume_type: 'nfs' } } });
  expect((await show(id))['status']).toBe('attaching');
  expect((await attach(id)).status).toBe(400);
});

test('attachments need 3.27, complete 3.44, and no instance_uuid of null', async () => {
  const id = await make();
  const body = { attachment: { volume_uuid: id } };
  expect((await demo.call('POST', `${base}/attachments`, body, micro('3.26'))).status).toBe(404);
  const refused = await demo.call(
    'POST',
    `${base}/attachments`,
    { attachment: { volume_uuid: id, instance_uuid: null } },
    at354,
  );
  expect(refused.status).toBe(400);
  const made = (await demo.call('POST', `${base}/attachments`, body, micro('3.27'))).json['attachment'] as {
    id: string;
  };
  const complete = `${base}/attachments/${made.id}/action`;
  expect((await demo.call('POST', complete, { 'os-complete': {} }, micro('3.43'))).status).toBe(404);
});

test('a volume from an image has its bytes and its properties', async () => {
  const disk = guestDisk('vm-1');
  const image = await uploaded(demo, disk, { hw_firmware_type: 'bios', hw_disk_bus: 'virtio' });
  const id = await make({ imageRef: image });
  expect(await show(id)).toMatchObject({
    bootable: 'true',
    volume_image_metadata: { hw_disk_bus: 'virtio', image_id: image },
  });
  const file = await open(lab.cloud.volumePath(id));
  const { buffer } = await file.read(Buffer.alloc(disk.length), 0, disk.length, 0);
  await file.close();
  expect(buffer.equals(disk)).toBe(true);
  expect((await stat(lab.cloud.volumePath(id))).size).toBe(GIB);
});

test('raw bytes that are a qcow2 end in error, as Cinder refuses them', async () => {
  const bytes = Buffer.alloc(65_536);
  bytes.writeUInt32BE(0x514649fb, 0);
  bytes.writeUInt32BE(3, 4);
  bytes.writeUInt32BE(16, 20);
  const image = await uploaded(demo, bytes);
  expect(await ended({ imageRef: image })).toMatchObject({ status: 'error' });
});

test('a volume smaller than its image is refused', async () => {
  const image = await uploaded(demo, guestDisk('big'), { min_disk: 2 });
  const answer = await demo.call('POST', `${base}/volumes`, { volume: { size: 1, imageRef: image } });
  expect(answer.status).toBe(400);
  expect(answer.json).toHaveProperty('badRequest.message');
});

test('metadata is added to, replaced, and taken away by key', async () => {
  const id = await make({ metadata: { a: '1' } });
  const path = `${base}/volumes/${id}/metadata`;
  expect((await demo.call('POST', path, { metadata: { b: '2' } })).json).toEqual({
    metadata: { a: '1', b: '2' },
  });
  expect((await demo.call('PUT', path, { metadata: { c: '3' } })).json).toEqual({ metadata: { c: '3' } });
  expect((await demo.call('DELETE', `${path}/c`)).status).toBe(200);
  expect((await demo.call('DELETE', `${path}/c`)).status).toBe(404);
  const put = await demo.call('PUT', `${base}/volumes/${id}`, { volume: { name: 'renamed' } });
  expect(volumeOf(put)).toMatchObject({ name: 'renamed', metadata: {} });
});

test('bootable, image metadata and size are changed by actions', async () => {
  const id = await make();
  const action = (body: Json) => demo.call('POST', `${base}/volumes/${id}/action`, body);
  expect((await action({ 'os-set_bootable': { bootable: true } })).status).toBe(200);
  const metadata = { hw_firmware_type: 'uefi', hw_machine_type: 'q35' };
  expect((await action({ 'os-set_image_metadata': { metadata } })).json).toEqual({ metadata });
  const key = { key: 'hw_machine_type' };
  expect((await action({ 'os-unset_image_metadata': key })).status).toBe(200);
  expect((await action({ 'os-extend': { new_size: 1 } })).status).toBe(400);
  expect((await action({ 'os-extend': { new_size: 2 } })).status).toBe(202);
  expect((await show(id))['status']).toBe('extending');
  const grown = await until(
    () => show(id),
    (one) => one['status'] === 'available',
  );
  expect(grown).toMatchObject({
    size: 2,
    bootable: 'true',
    volume_image_metadata: { hw_firmware_type: 'uefi' },
  });
  expect((await stat(lab.cloud.volumePath(id))).size).toBe(2 * GIB);
  expect((await action({ 'os-unknown': {} })).status).toBe(400);
});

test('a transfer hands a volume to another project, by its key', async () => {
  const admin = await lab.as('admin');
  const id = await make();
  const made = await demo.call('POST', `${base}/os-volume-transfer`, {
    transfer: { volume_id: id, name: 'gift' },
  });
  expect([made.status, (await show(id))['status']]).toEqual([202, 'awaiting-transfer']);
  const transfer = made.json['transfer'] as { id: string; auth_key: string };
  const path = `/volume/v3/${admin.projectId}/os-volume-transfer/${transfer.id}/accept`;
  expect((await admin.call('POST', path, { accept: { auth_key: 'wrong' } })).status).toBe(400);
  const accepted = await admin.call('POST', path, { accept: { auth_key: transfer.auth_key } });
  expect(accepted.status).toBe(202);
  expect((await demo.call('GET', `${base}/volumes/${id}`)).status).toBe(404);
  const theirs = await admin.call('GET', `/volume/v3/${admin.projectId}/volumes/${id}`);
  expect(volumeOf(theirs)).toMatchObject({
    status: 'available',
    'os-vol-tenant-attr:tenant_id': admin.projectId,
  });
});

test.each([
  [{ gigabytes: 1 }, 'VolumeSizeExceedsAvailableQuota'],
  [{ volumes: 1 }, 'VolumeLimitExceeded'],
])('over quota %j is refused with 413', async (quotas, code) => {
  await using small = await start({ quotas });
  const client = await small.as('demo');
  const path = `/volume/v3/${client.projectId}/volumes`;
  expect((await client.call('POST', path, { volume: { size: 1 } })).status).toBe(202);
  const refused = await client.call('POST', path, { volume: { size: 1 } });
  expect(refused.status).toBe(413);
  expect((refused.json['overLimit'] as { message: string }).message).toContain(code);
});

test('an unknown microversion is answered 406, and the one used is told', async () => {
  const refused = await demo.call('GET', `${base}/volumes`, undefined, micro('3.99'));
  expect(refused.status).toBe(406);
  const fine = await demo.call('GET', `${base}/volumes`, undefined, at354);
  expect(fine.headers.get('openstack-api-version')).toBe('volume 3.54');
  expect(fine.headers.get('vary')).toContain('OpenStack-API-Version');
});

test("another project's path is refused, its volumes are not there", async () => {
  const id = await make();
  await using other = await start();
  const stranger = await other.as('demo');
  expect((await stranger.call('GET', `/volume/v3/${stranger.projectId}/volumes/${id}`)).status).toBe(404);
  const foreign = await demo.call('GET', `/volume/v3/${stranger.projectId}/volumes`);
  expect(foreign.status).toBe(400);
});

test('a deleted volume is gone with its bytes', async () => {
  const id = await make();
  expect((await demo.call('DELETE', `${base}/volumes/${id}`)).status).toBe(202);
  await until(
    () => demo.call('GET', `${base}/volumes/${id}`),
    (answer) => answer.status === 404,
  );
  await until(
    () => stat(lab.cloud.volumePath(id)).catch((error: NodeJS.ErrnoException) => error.code),
    (found) => found === 'ENOENT',
  );
});
