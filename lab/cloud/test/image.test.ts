import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, type Json, type Running, start, until, uploaded } from './kit.ts';

let lab: Running;
let demo: Client;
let admin: Client;
beforeAll(async () => {
  lab = await start();
  demo = await lab.as('demo');
  admin = await lab.as('admin');
});
afterAll(() => lab[Symbol.asyncDispose]());

const images = '/image/v2/images';
const patchType = { 'Content-Type': 'application/openstack-images-v2.1-json-patch' };
const bytes = Buffer.from('some bytes of a disk '.repeat(5000));

async function make(facts: Json = {}): Promise<string> {
  const made = await demo.call('POST', images, { disk_format: 'raw', container_format: 'bare', ...facts });
  expect(made.status).toBe(201);
  return String(made.json['id']);
}

test('an upload is stored, hashed, active, and comes back the same', async () => {
  const id = await uploaded(demo, bytes, { hw_disk_bus: 'virtio', tags: ['guts'] });
  const shown = await demo.call('GET', `${images}/${id}`);
  expect(shown.json).toMatchObject({
    status: 'active',
    size: bytes.length,
    virtual_size: bytes.length,
    checksum: createHash('md5').update(bytes).digest('hex'),
    os_hash_algo: 'sha512',
    os_hash_value: createHash('sha512').update(bytes).digest('hex'),
    hw_disk_bus: 'virtio',
    tags: ['guts'],
    owner: demo.projectId,
  });
  expect(await readFile(lab.cloud.imagePath(id))).toEqual(bytes);
  const back = await demo.call('GET', `${images}/${id}/file`);
  expect(back.text).toBe(bytes.toString());
  const part = await demo.call('GET', `${images}/${id}/file`, undefined, { Range: 'bytes=5-9' });
  expect([part.status, part.text]).toEqual([206, bytes.toString('utf8', 5, 10)]);
});

test.for(['sha256', null])('the hash is the one that Glance is set to: %s', async (imageHash) => {
  await using other = await start({ imageHash });
  const client = await other.as('demo');
  const shown = await client.call('GET', `${images}/${await uploaded(client, bytes)}`);
  expect(shown.json).toMatchObject({
    os_hash_algo: imageHash,
    os_hash_value: imageHash === null ? null : createHash(imageHash).update(bytes).digest('hex'),
  });
});

test('a chunked upload of unknown length is taken too', async () => {
  const id = await make();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const text of ['one', 'two']) controller.enqueue(Buffer.from(text));
      controller.close();
    },
  });
  const answer = await fetch(`${lab.cloud.url}${images}/${id}/file`, {
    method: 'PUT',
    headers: { 'X-Auth-Token': demo.token, 'Content-Type': 'application/octet-stream' },
    body,
    duplex: 'half',
  });
  expect(answer.status).toBe(204);
  expect(await readFile(lab.cloud.imagePath(id), 'utf8')).toBe('onetwo');
});

test('bytes are sent once, to an image that knows its formats', async () => {
  const id = await uploaded(demo, bytes);
  expect((await demo.call('PUT', `${images}/${id}/file`, bytes)).status).toBe(409);
  const bare = await demo.call('POST', images, { name: 'no formats' });
  expect((await demo.call('PUT', `${images}/${String(bare.json['id'])}/file`, bytes)).status).toBe(400);
  const json = await demo.call('PUT', `${images}/${await make()}/file`, { a: 1 });
  expect(json.status).toBe(415);
});

function qcow2(change: (header: Buffer) => void): Buffer {
  const header = Buffer.alloc(65_536);
  header.writeUInt32BE(0x514649fb, 0);
  header.writeUInt32BE(3, 4);
  header.writeUInt32BE(16, 20);
  header.writeBigUInt64BE(1n << 20n, 24);
  change(header);
  return header;
}

test.each([
  ['no magic', (header: Buffer) => header.writeUInt32BE(0, 0)],
  ['a backing file', (header: Buffer) => header.writeBigUInt64BE(512n, 8)],
  ['a data file', (header: Buffer) => header.writeBigUInt64BE(4n, 72)],
  ['unknown features', (header: Buffer) => header.writeBigUInt64BE(1n << 40n, 72)],
])('a qcow2 upload with %s is refused, and the image queued again', async (_what, change) => {
  const id = await make({ disk_format: 'qcow2' });
  const put = await demo.call('PUT', `${images}/${id}/file`, qcow2(change));
  expect(put.status).toBe(415);
  expect((await demo.call('GET', `${images}/${id}`)).json).toMatchObject({ status: 'queued', size: null });
  const good = await demo.call(
    'PUT',
    `${images}/${id}/file`,
    qcow2(() => undefined),
  );
  expect(good.status).toBe(204);
  expect((await demo.call('GET', `${images}/${id}`)).json['virtual_size']).toBe(1 << 20);
});

test('a VMDK with a footer is refused', async () => {
  const id = await make({ disk_format: 'vmdk' });
  const vmdk = Buffer.alloc(2048);
  vmdk.write('KDMV', 0, 'latin1');
  vmdk.writeUInt32LE(3, 4);
  vmdk.writeBigUInt64LE(0xffffffffffffffffn, 56);
  const put = await demo.call('PUT', `${images}/${id}/file`, vmdk);
  expect([put.status, put.text.includes('footer')]).toEqual([415, true]);
});

test('properties change by JSON patch, all or nothing', async () => {
  const id = await make({ hw_vif_model: 'e1000' });
  const patched = await demo.call(
    'PATCH',
    `${images}/${id}`,
    [
      { op: 'add', path: '/hw_firmware_type', value: 'uefi' },
      { op: 'remove', path: '/hw_vif_model' },
      { op: 'replace', path: '/name', value: 'new' },
    ],
    patchType,
  );
  expect(patched.json).toMatchObject({ hw_firmware_type: 'uefi', name: 'new' });
  expect(patched.json).not.toHaveProperty('hw_vif_model');
  const bad = [
    { op: 'replace', path: '/name', value: 'newer' },
    { op: 'remove', path: '/absent' },
  ];
  expect((await demo.call('PATCH', `${images}/${id}`, bad, patchType)).status).toBe(409);
  expect((await demo.call('GET', `${images}/${id}`)).json['name']).toBe('new');
  const status = [{ op: 'replace', path: '/status', value: 'active' }];
  expect((await demo.call('PATCH', `${images}/${id}`, status, patchType)).status).toBe(403);
  expect((await demo.call('PATCH', `${images}/${id}`, [])).status).toBe(415);
});

test('lists come in pages and by filters', async () => {
  const tag = 'paged';
  const ids = [await make({ tags: [tag] }), await make({ tags: [tag] }), await make({ tags: [tag] })];
  const seen: string[] = [];
  let next: string | undefined = `/v2/images?limit=2&tag=${tag}`;
  while (next !== undefined) {
    const page = await demo.call('GET', `/image${next}`);
    seen.push(...(page.json['images'] as { id: string }[]).map((one) => one.id));
    next = page.json['next'] as string | undefined;
  }
  expect(seen).toEqual(ids.toReversed());
});

test("another project's image is not there; a public one is read-only", async () => {
  const own = await uploaded(admin, bytes);
  expect((await demo.call('GET', `${images}/${own}`)).status).toBe(404);
  const open = await uploaded(admin, bytes, { visibility: 'public' });
  expect((await demo.call('GET', `${images}/${open}`)).status).toBe(200);
  expect((await demo.call('DELETE', `${images}/${open}`)).status).toBe(403);
  expect((await demo.call('POST', images, { visibility: 'public' })).status).toBe(403);
});

test('a protected image stays; a deleted one is gone with its bytes', async () => {
  const id = await uploaded(demo, bytes, { protected: true });
  expect((await demo.call('DELETE', `${images}/${id}`)).status).toBe(403);
  const free = [{ op: 'replace', path: '/protected', value: false }];
  await demo.call('PATCH', `${images}/${id}`, free, patchType);
  expect((await demo.call('DELETE', `${images}/${id}`)).status).toBe(204);
  expect((await demo.call('GET', `${images}/${id}`)).status).toBe(404);
  await expect(readFile(lab.cloud.imagePath(id))).rejects.toMatchObject({ code: 'ENOENT' });
});

describe('limits', () => {
  const usage = async (client: Client) => (await client.call('GET', '/image/v2/info/usage')).json['usage'];

  test('are told with what is used of them, and not at all where there are none', async () => {
    await using limited = await start({ quotas: { imageSizeTotal: 10, imageCountTotal: 2 } });
    const client = await limited.as('demo');
    await uploaded(client, Buffer.alloc(3 * 2 ** 20 + 5));
    expect(await usage(client)).toEqual({
      image_size_total: { usage: 3, limit: 10 },
      image_count_total: { usage: 1, limit: 2 },
      image_count_uploading: { usage: 0, limit: -1 },
    });
    expect(await usage(await limited.as('admin'))).toMatchObject({
      image_count_total: { usage: 0, limit: 2 },
    });
    expect(await usage(demo)).toEqual({});
  });

  test('of size refuse the upload after the one that went over', async () => {
    await using small = await start({ quotas: { imageSizeTotal: 0 } });
    const client = await small.as('demo');
    await uploaded(client, Buffer.alloc(2 ** 20));
    await expect(uploaded(client, bytes)).rejects.toThrow(/413.*image_size_total/s);
  });

  test('of count refuse the image itself', async () => {
    await using small = await start({ quotas: { imageCountTotal: 1 } });
    const client = await small.as('demo');
    await uploaded(client, bytes);
    const refused = await client.call('POST', images, { disk_format: 'raw', container_format: 'bare' });
    expect(refused).toMatchObject({ status: 413, text: expect.stringContaining('image_count_total') });
  });

  test('of uploads refuse one beyond those under way', async () => {
    await using small = await start({ quotas: { imageCountUploading: 0 }, delays: { imageActivate: 500 } });
    const client = await small.as('demo');
    const first = uploaded(client, bytes);
    await until(
      () => usage(client),
      (told) => (told as { image_count_uploading: { usage: number } }).image_count_uploading.usage === 1,
    );
    await expect(uploaded(client, bytes)).rejects.toThrow(/413.*image_count_uploading/s);
    await first;
  });
});
