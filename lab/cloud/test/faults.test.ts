import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Client, type Running, start, uploaded } from './kit.ts';

let lab: Running;
let demo: Client;
beforeEach(async () => {
  lab = await start();
  demo = await lab.as('demo');
});
afterEach(() => lab[Symbol.asyncDispose]());

const images = '/image/v2/images';
const list = () => demo.call('GET', images);
const bytes = Buffer.from('0123456789'.repeat(100_000));

test('a status hits so many matching requests, after so many harmless ones', async () => {
  const { faults } = lab.cloud;
  faults.add({ service: 'image', path: /^\/v2\/images/, skip: 1, times: 2, kind: 'status', status: 503 });
  expect((await demo.call('GET', '/compute/v2.1/servers')).status).toBe(200);
  const seen = [];
  for (let at = 0; at < 4; at += 1) seen.push((await list()).status);
  expect(seen).toEqual([200, 503, 503, 200]);
  expect(faults.hits).toBe(2);
});

test('a status carries its headers and the form of its service', async () => {
  const headers = { 'Retry-After': '7' };
  lab.cloud.faults.add({ service: 'compute', kind: 'status', status: 429, headers, message: 'slow down' });
  const answer = await demo.call('GET', '/compute/v2.1/servers');
  expect(answer.headers.get('retry-after')).toBe('7');
  expect(answer.json).toMatchObject({ overLimit: { code: 429, message: 'slow down' } });
});

test('a reset before has no effect, one after loses the answer only', async () => {
  const body = { name: 'x', disk_format: 'raw', container_format: 'bare' };
  lab.cloud.faults.add({ method: 'POST', kind: 'reset' });
  await expect(demo.call('POST', images, body)).rejects.toThrow('fetch failed');
  expect(lab.cloud.images.size).toBe(0);
  lab.cloud.faults.add({ method: 'POST', kind: 'reset', when: 'after' });
  await expect(demo.call('POST', images, body)).rejects.toThrow('fetch failed');
  expect(lab.cloud.images.size).toBe(1);
});

test('an upload that breaks leaves the image queued and nothing stored', async () => {
  lab.cloud.faults.add({ method: 'PUT', path: /file$/, kind: 'reset', afterBytes: 100_000 });
  await expect(uploaded(demo, bytes)).rejects.toThrow('fetch failed');
  const [image] = [...lab.cloud.images.values()];
  // The client knows first.
  await expect.poll(() => image?.status).toBe('queued');
  expect(image?.size).toBeNull();
  await expect(readFile(lab.cloud.imagePath(image?.id ?? ''))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a download that is cut off fails, its length having been announced', async () => {
  const id = await uploaded(demo, bytes);
  lab.cloud.faults.add({ method: 'GET', path: /file$/, kind: 'truncate', bytes: 1000 });
  await expect(demo.call('GET', `${images}/${id}/file`)).rejects.toThrow('terminated');
  expect((await demo.call('GET', `${images}/${id}/file`)).text.length).toBe(bytes.length);
});

test('a corrupted upload shows in its checksum, a corrupted download in its bytes', async () => {
  lab.cloud.faults.add({ method: 'PUT', path: /file$/, kind: 'corrupt', offset: 5 });
  const spoilt = await uploaded(demo, bytes);
  const good = await uploaded(demo, bytes);
  const [one, two] = [lab.cloud.images.get(spoilt), lab.cloud.images.get(good)];
  expect(one?.checksum).not.toBe(two?.checksum);
  expect((await readFile(lab.cloud.imagePath(spoilt)))[5]).toBe(0x34); // '5' with its lowest bit turned
  lab.cloud.faults.add({ method: 'GET', path: /file$/, kind: 'corrupt', offset: 0 });
  expect((await demo.call('GET', `${images}/${good}/file`)).text.startsWith('1123')).toBe(true);
});

test('a hanging request ends with its client only; a taken-away fault hits nobody', async () => {
  const away = lab.cloud.faults.add({ path: /limits/, times: Infinity, kind: 'hang' });
  const hanging = fetch(`${lab.cloud.url}/compute/v2.1/limits`, {
    headers: { 'X-Auth-Token': demo.token },
    signal: AbortSignal.timeout(50),
  });
  await expect(hanging).rejects.toMatchObject({ name: 'TimeoutError' });
  away();
  expect((await demo.call('GET', '/compute/v2.1/limits')).status).toBe(200);
});

test('a doomed volume ends in error', async () => {
  lab.cloud.faults.add({ service: 'volume', method: 'POST', kind: 'doom' });
  const path = `/volume/v3/${demo.projectId}/volumes`;
  const made = await demo.call('POST', path, { volume: { size: 1 } });
  expect(made.status).toBe(202);
  const [volume] = [...lab.cloud.volumes.values()];
  await expect.poll(() => volume?.status).toBe('error');
});
