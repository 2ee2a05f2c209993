import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { collectBytes, pieces } from '../../test/leftovers.ts';
import { type ScriptedCloud, startScriptedCloud } from '../../test/scripted-cloud.ts';
import {
  createImage,
  downloadImage,
  findImages,
  imageLimits,
  OpenStackSession,
  updateImage,
  uploadImage,
} from '../index.ts';

const signal = AbortSignal.timeout(20_000);
const bytes = randomBytes(1_000_000);
let cloud: ScriptedCloud;
let session: OpenStackSession;

beforeEach(async () => {
  cloud = await startScriptedCloud();
  const retries = { attempts: 3, firstMs: 1, longestSeconds: 1 };
  session = await OpenStackSession.open(cloud.config, { signal, retries });
});
afterEach(async () => {
  await session.close();
  await cloud[Symbol.asyncDispose]();
});

test('an image is private unless told otherwise, and its properties lie beside', async () => {
  cloud.on('POST /image/v2/images', () => ({ status: 201, json: { id: 'i', status: 'queued' } }));
  const image = { name: 'n', diskFormat: 'qcow2', minDisk: 3, properties: { hw_disk_bus: 'scsi' } } as const;
  await createImage(session, image, signal);
  await createImage(session, { ...image, visibility: 'shared', minRam: 64, tags: ['t'] }, signal);
  expect(cloud.calls.map((one) => JSON.parse(one.body.toString()) as unknown)).toEqual([
    {
      name: 'n',
      disk_format: 'qcow2',
      container_format: 'bare',
      visibility: 'private',
      min_disk: 3,
      hw_disk_bus: 'scsi',
    },
    expect.objectContaining({ visibility: 'shared', min_ram: 64, tags: ['t'] }),
  ]);
});

describe('an upload', () => {
  const upload = (
    length?: number,
    source: AsyncIterable<Uint8Array> = pieces(bytes, 70_000),
  ): Promise<void> =>
    uploadImage(session, 'i', source, { signal, ...(length === undefined ? {} : { length }) });

  test.for([[undefined], [bytes.length]])('of %s bytes sends them as they are', async ([length]) => {
    cloud.on('PUT /image/v2/images/i/file', () => ({ status: 204 }));
    await upload(length);
    const [seen] = cloud.calls;
    expect(seen?.body.equals(bytes)).toBe(true);
    expect(seen?.headers['content-type']).toBe('application/octet-stream');
    expect(seen?.headers['content-length']).toBe(length === undefined ? undefined : String(length));
    expect(seen?.headers['transfer-encoding']).toBe(length === undefined ? 'chunked' : undefined);
  });

  test.for([[bytes.length + 1], [bytes.length - 1]])(
    'of other than the %i bytes it said fails',
    async ([length]) => {
      cloud.on('PUT /image/v2/images/i/file', () => ({ status: 204 }));
      await expect(upload(length)).rejects.toMatchObject({ code: 'protocol' });
      expect(cloud.calls).toEqual([]);
    },
  );

  test('is not sent twice', async () => {
    cloud.on('PUT /image/v2/images/i/file', () => ({ status: 503 }));
    await expect(upload()).rejects.toMatchObject({ status: 503 });
    expect(cloud.calls).toHaveLength(1);
  });

  test('tells what its source threw', async () => {
    async function* broken(): AsyncGenerator<Uint8Array, void> {
      yield* pieces(bytes, 70_000);
      throw new RangeError('the disk broke');
    }
    await expect(upload(undefined, broken())).rejects.toEqual(new RangeError('the disk broke'));
  });

  test('that the cloud takes no more of is broken off, and may be tried again', async () => {
    const noEnd = (async function* () {
      for (;;) yield await Promise.resolve(Buffer.alloc(1 << 20));
    })();
    cloud.stall('PUT /image/v2/images/i/file', () => undefined);
    await expect(uploadImage(session, 'i', noEnd, { signal, stallSeconds: 0.3 })).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('took no byte for 0.3 seconds'),
    });
  });

  test('that is not answered after its last byte is broken off', async () => {
    cloud.stall('PUT /image/v2/images/i/file', () => undefined);
    const small = pieces(bytes.subarray(0, 1000), 100);
    await expect(uploadImage(session, 'i', small, { signal, answerSeconds: 0.3 })).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('after the last byte'),
    });
  });

  test('may wait for its source longer than for the cloud', async () => {
    cloud.on('PUT /image/v2/images/i/file', () => ({ status: 204 }));
    async function* slow(): AsyncGenerator<Uint8Array, void> {
      for (const part of [0, 1, 2]) {
        yield bytes.subarray(part * 10, part * 10 + 10);
        await sleep(400);
      }
    }
    await uploadImage(session, 'i', slow(), { signal, stallSeconds: 0.3 });
    expect(cloud.calls[0]?.body.equals(bytes.subarray(0, 30))).toBe(true);
  });

  test('lets its source wait for the cloud', async () => {
    let taken = 0;
    async function* endless(): AsyncGenerator<Uint8Array, void> {
      for (;;) {
        taken += 1;
        yield Buffer.alloc(1 << 20);
        await Promise.resolve();
      }
    }
    const controller = new AbortController();
    cloud.stall('PUT /image/v2/images/i/file', () =>
      setTimeout(() => controller.abort(new Error('enough')), 200),
    );
    await expect(uploadImage(session, 'i', endless(), { signal: controller.signal })).rejects.toThrow(
      'enough',
    );
    // The socket's buffers on both sides hold some; an upload that reads ahead would take thousands.
    expect(taken).toBeLessThan(64);
  });
});

describe('a download', () => {
  test('gives the bytes, or the part that is asked for', async () => {
    cloud.on('GET /image/v2/images/i/file', ({ headers }) =>
      headers.range === undefined ? { text: 'whole' } : { status: 206, text: headers.range },
    );
    expect((await collectBytes(downloadImage(session, 'i', { signal }))).toString()).toBe('whole');
    const part = downloadImage(session, 'i', { signal, range: [10, 19] });
    expect((await collectBytes(part)).toString()).toBe('bytes=10-19');
  });

  test('that would be other bytes than asked for is refused', async () => {
    cloud.on('GET /image/v2/images/i/file', () => ({ text: 'whole' }));
    const part = downloadImage(session, 'i', { signal, range: [1, 2] });
    await expect(collectBytes(part)).rejects.toMatchObject({ code: 'protocol' });
  });

  test('may be left early', async () => {
    cloud.on('GET /image/v2/images/i/file', () => ({ text: 'x'.repeat(4 << 20) }));
    for await (const chunk of downloadImage(session, 'i', { signal })) {
      expect(chunk.length).toBeLessThan(4 << 20);
      break;
    }
  });

  test('that breaks off is no short image', async () => {
    cloud.on('GET /image/v2/images/i/file', () => ({ text: 'short', cutShort: true }));
    const broken = collectBytes(downloadImage(session, 'i', { signal }));
    await expect(broken).rejects.toMatchObject({ code: 'unreachable' });
  });
});

test("only the project's own images are found", async () => {
  cloud.on('GET /image/v2/images', () => ({ json: { images: [{ id: 'i' }] } }));
  expect(await findImages(session, { guts: 'x y' }, signal)).toEqual([{ id: 'i' }]);
  expect(cloud.calls[0]?.query).toMatchObject({ owner: 'p1', guts: 'x y' });
});

test('a change is a JSON patch', async () => {
  cloud.on('PATCH /image/v2/images/i', () => ({ json: { id: 'i' } }));
  await updateImage(session, 'i', [{ op: 'remove', path: '/a' }], signal);
  expect(cloud.calls[0]?.headers['content-type']).toBe('application/openstack-images-v2.1-json-patch');
  expect(cloud.calls[0]?.body.toString()).toBe('[{"op":"remove","path":"/a"}]');
});

const usage = (name: string, limit: number, used: number) => ({
  json: { usage: { [name]: { limit, usage: used } } },
});
const none = { images: null, sizeMiB: null, uploads: null };
test.for([
  [usage('image_count_total', 5, 2), { ...none, images: 3 }],
  [usage('image_count_total', 5, 7), { ...none, images: 0 }],
  [usage('image_size_total', 100, 30), { ...none, sizeMiB: 70 }],
  [usage('image_size_total', -1, 30), none],
  // The upload that is asked for is not counted.
  [usage('image_count_uploading', 1, 1), { ...none, uploads: 1 }],
  [usage('image_count_uploading', 1, 2), { ...none, uploads: 0 }],
  [{ json: { usage: {} } }, none],
  [{ json: {} }, none],
  [{ status: 404 }, none],
  [{ status: 403 }, none],
] as const)('limits: %j tells %j', async ([reply, left]) => {
  cloud.on('GET /image/v2/info/usage', () => reply);
  expect(await imageLimits(session, signal)).toEqual(left);
});

test('limits that the service fails to tell are an error', async () => {
  cloud.on('GET /image/v2/info/usage', () => ({ status: 400 }));
  await expect(imageLimits(session, signal)).rejects.toMatchObject({ status: 400 });
});
