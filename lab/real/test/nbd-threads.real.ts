import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import {
  ChunkThreads,
  copyDisk,
  CopyMemory,
  CopyRate,
  openDeviceWriter,
  openNbdReader,
  parseNbdUri,
} from '@guts/disk';
import { type DiskServer, nbdkit, qemuNbd } from './support/nbd.ts';

/** Threads read real NBD servers of this host by themselves: that they fell back would show in nothing but the time. */
const MIB = 2 ** 20;
const signal = AbortSignal.timeout(60_000);
const folder = mkdtempSync(join(tmpdir(), 'guts-nbd-threads-'));
const source = join(folder, 'source.raw');
writeFileSync(source, Buffer.concat([randomBytes(9 * MIB + 512), Buffer.alloc(8 * MIB), randomBytes(MIB)]));
afterAll(() => rmSync(folder, { recursive: true }));

test.each<[string, (socket: string) => Promise<DiskServer>]>([
  ['nbdkit', (socket) => nbdkit(socket, 'file', source)],
  ['qemu-nbd', (socket) => qemuNbd(socket, '-r', '-f', 'raw', '-e', '8', source)],
])('threads read %s by connections of their own', async (name, start) => {
  const entry = new URL('../../../dist/chunk-thread.js', import.meta.url);
  const threads = new ChunkThreads({ entry, count: 2 });
  const server = await start(join(folder, `${name}.sock`));
  const reader = await openNbdReader({ target: parseNbdUri(server.uri), threads: true }, signal);
  const path = join(folder, `${name}.raw`);
  const target = await openDeviceWriter(path, { size: reader.size, create: true });
  try {
    const budget = { memory: new CopyMemory(64 * MIB), rate: new CopyRate(), threads };
    await copyDisk({ source: reader, target, signal, budget });
    expect(reader.local).toMatchObject({ obstacle: null });
    expect(readFileSync(path).equals(readFileSync(source))).toBe(true);
  } finally {
    await Promise.all([target.close(), reader.close(), threads.close()]);
    await server.stop();
  }
});
