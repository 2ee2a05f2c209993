import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { createReadStream, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import {
  copyDisk,
  listNbdExports,
  openNbdReader,
  openNbdWriter,
  openRawFile,
  parseNbdUri,
  type NbdReaderOptions,
  type NbdWriterOptions,
} from '@guts/disk';
import { allocatedBy, digestOf, sha256 } from './support/nbd-judges.ts';
import { makeCertificates } from './support/certificates.ts';
import { addressOf, serveRanges } from './support/ranges.ts';
import { nbdkit, qemuNbd, qemuNbdTcp, run, type DiskServer } from './support/nbd.ts';

/** Our NBD client against nbdkit and qemu-nbd; nbdcopy, nbdinfo and qemu-img judge what it read and wrote. */
vi.setConfig({ testTimeout: 120_000 });
const MIB = 1024 * 1024;
const SIZE = 48 * MIB;
const signal = AbortSignal.timeout(600_000);
setMaxListeners(0, signal);
const folder = mkdtempSync(join(tmpdir(), 'guts-nbd-real-'));
const file = (name: string): string => join(folder, name);
const source = file('source.raw');
let digest = '';
let web: Server;
const servers: DiskServer[] = [];

beforeAll(async () => {
  const handle = await open(source, 'w');
  await handle.truncate(SIZE);
  for (const [at, length] of [
    [0, 100_000],
    [5 * MIB, 3 * MIB + 512],
    [20 * MIB, MIB],
    [SIZE - 65_536, 65_536],
  ] as const)
    await handle.write(randomBytes(length), 0, length, at);
  await handle.close();
  digest = await sha256(createReadStream(source));
  web = serveRanges(source, SIZE);
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});
afterAll(async () => {
  await new Promise((resolve) => web.close(resolve));
  rmSync(folder, { recursive: true });
});

async function up<T extends DiskServer>(starting: Promise<T>): Promise<T> {
  const server = await starting;
  servers.push(server);
  return server;
}
const socket = (): string => file(`${servers.length}-${Math.random().toString(36).slice(2, 8)}.sock`);
const reading = ({ uri }: DiskServer, more: Partial<NbdReaderOptions> = {}) =>
  openNbdReader({ target: parseNbdUri(uri), ...more }, signal);
const writing = ({ uri }: DiskServer, more: Partial<NbdWriterOptions> = {}) =>
  openNbdWriter({ target: parseNbdUri(uri), ...more }, signal);

const qcow2 = async (): Promise<string> => {
  await run('qemu-img', 'convert', '-O', 'qcow2', source, file('source.qcow2'));
  return file('source.qcow2');
};
const READERS: readonly [string, () => Promise<DiskServer>, Partial<NbdReaderOptions>?][] = [
  ['nbdkit file', () => nbdkit(socket(), 'file', source)],
  ['nbdkit curl', () => nbdkit(socket(), 'curl', addressOf(web))],
  [
    'nbdkit, blocks of 4 KiB to 64 KiB or an error',
    () =>
      nbdkit(
        socket(),
        '--filter=blocksize-policy',
        'file',
        source,
        'blocksize-minimum=4096',
        'blocksize-preferred=4096',
        'blocksize-maximum=65536',
        'blocksize-error-policy=error',
      ),
  ],
  ['nbdkit without extents', () => nbdkit(socket(), '--filter=noextents', 'file', source)],
  ['nbdkit that delays', () => nbdkit(socket(), '--filter=delay', 'file', source, 'rdelay=20ms')],
  [
    'nbdkit at 200 Mbit/s',
    () => nbdkit(socket(), '--filter=rate', 'file', source, 'rate=200M'),
    { stallSeconds: 10 },
  ],
  [
    'nbdkit, one at a time',
    () => nbdkit(socket(), '--filter=noparallel', 'file', source, 'serialize=connections'),
  ],
  ['qemu-nbd raw', () => qemuNbd(socket(), '-r', '-f', 'raw', '-e', '4', source)],
  ['qemu-nbd raw over TCP', () => qemuNbdTcp('-r', '-f', 'raw', '-e', '5', source)],
  ['qemu-nbd qcow2', async () => qemuNbd(socket(), '-r', '-f', 'qcow2', '-e', '4', await qcow2())],
  [
    'qemu-nbd that takes one client only',
    () => qemuNbd(socket(), '-r', '-f', 'raw', source),
    { connectSeconds: 2 },
  ],
];

test.each<[string, () => Promise<DiskServer>, Partial<NbdReaderOptions>?]>(READERS)(
  'reads from %s: every byte, and no zero that nbdinfo knows of',
  async (_name, start, more) => {
    const server = await up(start());
    const reader = await reading(server, more);
    expect(reader.size).toBe(SIZE);
    const found = await digestOf(reader, signal);
    await reader.close();
    expect(found.digest).toBe(digest);
    expect(found.read).toBe(await allocatedBy(server.uri));
  },
);

const empty = async (format: 'raw' | 'qcow2'): Promise<string> => {
  const path = file(`target.${format}`);
  rmSync(path, { force: true });
  if (format === 'qcow2') await run('qemu-img', 'create', '-f', format, path, String(SIZE));
  // Not by qemu-img: it writes a first block into raw files, which is then no hole.
  else {
    const handle = await open(path, 'w');
    await handle.truncate(SIZE);
    await handle.close();
  }
  return path;
};
const WRITERS: readonly (readonly [
  string,
  () => Promise<DiskServer>,
  { freshly: boolean; more?: Partial<NbdWriterOptions> },
])[] = [
  ['nbdkit memory', () => nbdkit(socket(), 'memory', String(SIZE)), { freshly: true }],
  ['nbdkit file', async () => nbdkit(socket(), 'file', await empty('raw')), { freshly: true }],
  [
    'nbdkit without write-zeroes',
    () => nbdkit(socket(), '--filter=nozero', 'memory', String(SIZE)),
    { freshly: true },
  ],
  [
    'nbdkit without extents',
    () => nbdkit(socket(), '--filter=noextents', 'memory', String(SIZE)),
    { freshly: false },
  ],
  [
    'nbdkit without extents, cleared',
    () => nbdkit(socket(), '--filter=noextents', 'memory', String(SIZE)),
    { freshly: true, more: { clear: true } },
  ],
  [
    'nbdkit with FUA alone',
    () => nbdkit(socket(), '--filter=noextents', '--filter=fua', 'memory', String(SIZE), 'fuamode=force'),
    { freshly: false },
  ],
  [
    'nbdkit, blocks of 4 KiB to 64 KiB or an error',
    () =>
      nbdkit(
        socket(),
        '--filter=blocksize-policy',
        'memory',
        String(SIZE),
        'blocksize-minimum=4096',
        'blocksize-preferred=4096',
        'blocksize-maximum=65536',
        'blocksize-error-policy=error',
      ),
    { freshly: true },
  ],
  [
    'qemu-nbd raw',
    async () => qemuNbd(socket(), '-f', 'raw', '-e', '4', await empty('raw')),
    { freshly: true },
  ],
  [
    'qemu-nbd raw over TCP',
    async () => qemuNbdTcp('-f', 'raw', '-e', '5', await empty('raw')),
    { freshly: true },
  ],
  [
    'qemu-nbd qcow2',
    async () => qemuNbd(socket(), '-f', 'qcow2', '-e', '4', '--discard=unmap', await empty('qcow2')),
    { freshly: true },
  ],
];

test.each(WRITERS)(
  'writes to %s: qemu-img and nbdcopy find the same disk',
  async (_name, start, { freshly, more }) => {
    const server = await up(start());
    const from = await openRawFile(source);
    const target = await writing(server, more);
    expect(target.capabilities.readsAsZero).toBe(freshly);
    await target.trim(MIB, MIB, signal);
    await target.zero(MIB, MIB, signal);
    await copyDisk({ source: from, target, signal });
    // Again over the last write, but not on the boundaries of anything.
    const odd = readFileSync(source).subarray(5 * MIB + 77, 6 * MIB + 3);
    await target.write(5 * MIB + 77, odd, signal);
    await target.zero(SIZE / 2 + 13, 100_000, signal);
    await target.flush(signal);
    await target.close();
    await from.close();
    expect(await run('qemu-img', 'compare', '-f', 'raw', '-F', 'raw', source, server.uri)).toContain(
      'identical',
    );
    // nbdcopy does not ask a server how much it takes at once.
    await run('nbdcopy', '--request-size=65536', server.uri, file('back.raw'));
    expect(await sha256(createReadStream(file('back.raw')))).toBe(digest);
  },
);

test('a copy from server to server, and only the allocated bytes travel', async () => {
  const from = await up(qemuNbd(socket(), '-r', '-f', 'qcow2', '-e', '4', await qcow2()));
  const to = await up(qemuNbd(socket(), '-f', 'qcow2', '-e', '4', await empty('qcow2')));
  const [reader, target] = await Promise.all([reading(from), writing(to)]);
  const { bytesRead } = await copyDisk({ source: reader, target, signal });
  await Promise.all([reader.close(), target.close()]);
  expect(bytesRead).toBe(await allocatedBy(from.uri));
  expect(await run('qemu-img', 'compare', from.uri, to.uri)).toContain('identical');
  expect(statSync(file('target.qcow2')).size).toBeLessThan(12 * MIB);
});

test('several connections where qemu-nbd allows them', async () => {
  const server = await up(qemuNbd(socket(), '-f', 'raw', '-e', '4', await empty('raw')));
  const target = await writing(server, { connections: 4 });
  for (let tries = 0; target.connections < 4 && tries < 200; tries += 1) await pause(20);
  expect(target.connections).toBe(4);
  await target.close();
});

test('exports are listed and named; an unknown one is said to be', async () => {
  const server = await up(qemuNbd(socket(), '-r', '-f', 'raw', '-x', 'disk one', '-D', 'of a test', source));
  const target = parseNbdUri(server.uri);
  expect(await listNbdExports({ target }, signal)).toEqual([{ name: 'disk one', description: 'of a test' }]);
  await expect(openNbdReader({ target }, signal)).rejects.toMatchObject({ code: 'nbd_export_unknown' });
  const named = parseNbdUri(server.uri.replace('///', '///disk%20one'));
  const reader = await openNbdReader({ target: named }, signal);
  expect(reader.size).toBe(SIZE);
  await reader.close();
});

test('qemu: a dirty bitmap tells what was written since', async () => {
  const image = await qcow2();
  await run('qemu-img', 'bitmap', '--add', '-g', '65536', image, 'since');
  await run('qemu-io', '-f', 'qcow2', '-c', 'write -P 7 1M 64k', '-c', 'write -P 8 30M 1M', image);
  const server = await up(qemuNbd(socket(), '-r', '-f', 'qcow2', '-B', 'since', image));
  const reader = await reading(server, { dirtyBitmap: 'since', connections: 1 });
  const dirty = [];
  for await (const extent of reader.dirty(signal)) dirty.push(extent);
  await reader.close();
  expect(dirty).toEqual([
    { offset: MIB, length: 65_536 },
    { offset: 30 * MIB, length: MIB },
  ]);
});

test('TLS with certificates: qemu-nbd trusted by authority and name, and it by our certificate', async () => {
  const pki = file('pki');
  const other = file('other');
  for (const at of [pki, other]) await makeCertificates(at);
  const server = await up(
    qemuNbdTcp(
      '-r',
      '-f',
      'raw',
      '-e',
      '6',
      '--object',
      `tls-creds-x509,id=tls,endpoint=server,dir=${pki},verify-peer=on`,
      '--tls-creds',
      'tls',
      source,
    ),
  );
  const target = parseNbdUri(`nbds://127.0.0.1:${server.port}/?tls-hostname=disks.example`);
  const pem = (folderOf: string, name: string): string => readFileSync(join(folderOf, name), 'utf8');
  const tls = {
    ca: pem(pki, 'ca-cert.pem'),
    certificate: pem(pki, 'client-cert.pem'),
    key: pem(pki, 'client-key.pem'),
  };
  const reader = await openNbdReader({ target, tls, connections: 2 }, signal);
  expect((await digestOf(reader, signal)).digest).toBe(digest);
  await reader.close();
  await expect(
    openNbdReader({ target, tls: { ...tls, ca: pem(other, 'ca-cert.pem') } }, signal),
  ).rejects.toMatchObject({ code: 'nbd_untrusted' });
  await expect(
    openNbdReader({ target: { ...target, tlsServerName: 'else.example' }, tls }, signal),
  ).rejects.toMatchObject({ code: 'nbd_untrusted' });
  await expect(openNbdReader({ target: { ...target, secure: false } }, signal)).rejects.toMatchObject({
    code: 'nbd_tls_required',
  });
  await expect(openNbdReader({ target, tls: { ca: tls.ca } }, signal)).rejects.toMatchObject({
    code: expect.stringMatching(/^nbd_(?:connection_lost|tls_refused)$/) as string,
  });
});

test('TLS with a pre-shared key: nbdkit', async () => {
  const secret = randomBytes(32);
  writeFileSync(file('keys.psk'), `ann:${secret.toString('hex')}\n`, { mode: 0o600 });
  const server = await up(nbdkit(socket(), '--tls=require', `--tls-psk=${file('keys.psk')}`, 'file', source));
  const target = { ...parseNbdUri(server.uri.replace('nbd+unix', 'nbds+unix')), user: 'ann' };
  const reader = await openNbdReader({ target, tls: { psk: { key: secret } } }, signal);
  expect((await digestOf(reader, signal)).digest).toBe(digest);
  await reader.close();
  await expect(
    openNbdReader({ target, tls: { psk: { key: randomBytes(32) } } }, signal),
  ).rejects.toMatchObject({ code: 'nbd_tls_refused' });
  await expect(reading(server)).rejects.toMatchObject({ code: 'nbd_tls_required' });
});

test('faults of a server: errors have their names, and end when the server gets well', async () => {
  const trigger = file('broken');
  const server = await up(
    nbdkit(
      socket(),
      '--filter=error',
      'file',
      source,
      'error=EIO',
      'error-rate=100%',
      `error-file=${trigger}`,
    ),
  );
  const reader = await reading(server);
  writeFileSync(trigger, '');
  await expect(reader.read(0, Buffer.alloc(MIB), signal)).rejects.toMatchObject({
    code: 'nbd_io',
    errno: 'EIO',
    retryable: true,
  });
  rmSync(trigger);
  expect((await digestOf(reader, signal)).digest).toBe(digest);
  await reader.close();
  const full = await up(
    nbdkit(
      socket(),
      '--filter=error',
      'memory',
      String(SIZE),
      'error-pwrite=ENOSPC',
      'error-pwrite-rate=100%',
    ),
  );
  const target = await writing(full);
  await expect(target.write(0, Buffer.alloc(10, 1), signal)).rejects.toMatchObject({
    code: 'nbd_no_space',
    retryable: false,
  });
  await target.close();
});

test('a server that stands still is noticed', async () => {
  const server = await up(nbdkit(socket(), '--filter=delay', 'file', source, 'rdelay=4'));
  const reader = await reading(server, { stallSeconds: 0.5, readAttempts: 1 });
  await expect(reader.read(0, Buffer.alloc(512), signal)).rejects.toMatchObject({
    code: 'nbd_stalled',
    retryable: true,
  });
  await reader.close();
});

test('a killed server: reads go on with the next one, unflushed writes are given up', async () => {
  const path = socket();
  let server = await up(qemuNbd(path, '-r', '-f', 'raw', '-e', '4', source));
  const reader = await reading(server);
  const whole = digestOf(reader, signal);
  await pause(30);
  await server.stop('SIGKILL');
  server = await up(qemuNbd(path, '-r', '-f', 'raw', '-e', '4', source));
  expect((await whole).digest).toBe(digest);
  await reader.close();

  const other = socket();
  const first = await up(qemuNbd(other, '-f', 'qcow2', '-e', '4', await empty('qcow2')));
  const target = await writing(first);
  await target.write(0, Buffer.alloc(MIB, 1), signal);
  await target.flush(signal);
  await target.write(MIB, Buffer.alloc(MIB, 2), signal);
  await first.stop('SIGKILL');
  await up(qemuNbd(other, '-f', 'qcow2', '-e', '4', file('target.qcow2')));
  await expect(target.flush(signal)).rejects.toMatchObject({ code: 'nbd_writes_lost' });
  await target.close();
});
