import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDisk, writeRaw } from './disk.ts';

const CLUSTER = 65_536;
const run = promisify(execFile);
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guts-disk-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Cluster 0 plain, 1 deflated, 2 zero by its flag, 3 absent; written here by the book, byte by byte. */
function byHand(plain: Buffer, packed: Buffer): Buffer {
  const file = Buffer.alloc(6 * CLUSTER);
  file.writeUInt32BE(0x514649fb, 0);
  file.writeUInt32BE(3, 4);
  file.writeUInt32BE(16, 20);
  file.writeBigUInt64BE(BigInt(4 * CLUSTER), 24);
  file.writeUInt32BE(1, 36);
  file.writeBigUInt64BE(BigInt(CLUSTER), 40);
  file.writeUInt32BE(104, 100);
  file.writeBigUInt64BE((1n << 63n) | BigInt(2 * CLUSTER), CLUSTER);
  const l2 = 2 * CLUSTER;
  file.writeBigUInt64BE((1n << 63n) | BigInt(3 * CLUSTER), l2);
  const deflated = deflateRawSync(packed, { windowBits: 12 });
  const at = 4 * CLUSTER + 100;
  const sectors = BigInt(Math.floor((at + deflated.length - 1) / 512) - Math.floor(at / 512));
  file.writeBigUInt64BE((1n << 62n) | (sectors << 54n) | BigInt(at), l2 + 8);
  file.writeBigUInt64BE(BigInt(3 * CLUSTER) | 1n, l2 + 16);
  plain.copy(file, 3 * CLUSTER);
  deflated.copy(file, at);
  return file;
}

async function converted(name: string, bytes: Buffer, format: string, size: number): Promise<Buffer> {
  const [from, to] = [join(folder, name), join(folder, `${name}.raw`)];
  await writeFile(from, bytes);
  const disk = await openDisk(from, format);
  try {
    await writeRaw(disk, to, size);
  } finally {
    await disk.close();
  }
  return readFile(to);
}

test('qcow2 clusters plain, deflated, zero and absent', async () => {
  const plain = randomBytes(CLUSTER);
  const packed = Buffer.alloc(CLUSTER, 'compressible ');
  const raw = await converted('hand', byHand(plain, packed), 'qcow2', 5 * CLUSTER);
  const expected = Buffer.concat([plain, packed, Buffer.alloc(3 * CLUSTER)]);
  expect(raw.equals(expected)).toBe(true);
});

test('a raw disk is copied sparsely into a larger file', async () => {
  const bytes = Buffer.concat([Buffer.alloc(2 ** 21), randomBytes(5000)]);
  const raw = await converted('raw', bytes, 'raw', 2 ** 22);
  expect(raw.equals(Buffer.concat([bytes, Buffer.alloc(2 ** 22 - bytes.length)]))).toBe(true);
  const { blocks } = await stat(join(folder, 'raw.raw'));
  expect(blocks * 512).toBeLessThan(2 ** 21);
});

const hand = (): Buffer => byHand(randomBytes(CLUSTER), Buffer.alloc(CLUSTER));

test.each([
  ['magic', (file: Buffer) => file.writeUInt8(0, 0), /magic/],
  ['version', (file: Buffer) => file.writeUInt32BE(4, 4), /version 4/],
  ['backing file', (file: Buffer) => file.writeBigUInt64BE(512n, 8), /backing file/],
  ['encryption', (file: Buffer) => file.writeUInt32BE(1, 32), /Encrypted/],
  ['feature', (file: Buffer) => file.writeBigUInt64BE(1n << 9n, 72), /features 0x200/],
  ['cluster size', (file: Buffer) => file.writeUInt32BE(30, 20), /cluster bits 30/],
  ['deflated bytes', (file: Buffer) => file.fill(0xff, 4 * CLUSTER + 100, 4 * CLUSTER + 200), /inflated/],
])('qcow2 with a wrong %s is unreadable', async (name, spoil, message) => {
  const file = hand();
  spoil(file);
  const failed = converted(`bad-${name}`, file, 'qcow2', 4 * CLUSTER);
  await expect(failed).rejects.toThrow(message);
  await expect(failed).rejects.toMatchObject({ code: 'disk_unreadable' });
});

const qemu = await run('qemu-img', ['--version']).then(
  () => true,
  () => false,
);
test('qemu-img is there where it is required', () => {
  expect(qemu || process.env['GUTS_REQUIRE_TOOLS'] !== '1').toBe(true);
});

test.skipIf(!qemu).each([
  ['plain', []],
  ['compressed', ['-c']],
  ['small clusters', ['-o', 'cluster_size=512']],
  ['version 2', ['-o', 'compat=0.10']],
] as const)('what qemu-img writes is read: %s', async (name, options) => {
  const bytes = Buffer.concat([randomBytes(300_000), Buffer.alloc(2 ** 20), Buffer.alloc(200_000, 'text ')]);
  const whole = Buffer.concat([bytes, Buffer.alloc(-bytes.length & 511)]);
  const [raw, qcow2] = [join(folder, `q-${name}.raw`), join(folder, `q-${name}.qcow2`)];
  await writeFile(raw, whole);
  await run('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', ...options, raw, qcow2]);
  const back = await converted(`q-${name}`, await readFile(qcow2), 'qcow2', whole.length);
  expect(back.equals(whole)).toBe(true);
});
