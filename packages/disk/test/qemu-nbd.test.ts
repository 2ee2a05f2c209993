import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { copyDisk, openQemuReader, openQemuWriter, rangeReader, wholeQcow2Size } from '../src/index.ts';
import { startQemuNbd } from '../src/qemu-nbd/child.ts';
import { qemuImg, withoutQemuNbd as without } from './qemu.ts';
import { noise } from './support.ts';

const signal = AbortSignal.timeout(60_000);
const MIB = 1024 * 1024;

async function scratch(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'guts-qemu-nbd-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}
async function opened(path: string) {
  const handle = await open(path, 'r+');
  onTestFinished(() => handle.close());
  return handle;
}
/** A new qcow2 file. */
async function image(size: number, ...more: string[]) {
  const folder = await scratch();
  const path = join(folder, 'disk.qcow2');
  qemuImg('create', '-q', '-f', 'qcow2', ...more, path, String(size));
  return { folder, path, handle: await opened(path) };
}
const runs = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

test.skipIf(without)('what is written to a qcow2 file is what qemu-img reads (needs qemu-nbd)', async () => {
  const { folder, path, handle } = await image(64 * MIB);
  const size = 50 * MIB + 512;
  const disk = new Uint8Array(64 * MIB);
  disk.set(noise(3 * MIB + 100, 1), 5 * MIB + 7);
  disk.set(noise(512, 2), size - 512);
  const source = rangeReader({
    size,
    readRange: (offset, buffer) => Promise.resolve(buffer.set(disk.subarray(offset, offset + buffer.length))),
  });
  const writer = await openQemuWriter({ fd: handle.fd, format: 'qcow2', size, folder }, signal);
  expect(writer.capabilities).toMatchObject({ randomAccess: true, readsAsZero: true });
  await copyDisk({ source, target: writer, chunkSize: MIB, signal });
  await writer.close();
  await writer.close();
  expect(await readdir(folder)).toEqual(['disk.qcow2']);
  expect(qemuImg('check', path)).toContain('No errors were found');
  qemuImg('convert', '-f', 'qcow2', '-O', 'raw', path, join(folder, 'raw'));
  expect(Buffer.compare(await readFile(join(folder, 'raw')), disk)).toBe(0);
  // Zeros took no room, and it stayed what it was.
  const info = JSON.parse(qemuImg('info', '--output=json', path)) as Record<string, unknown>;
  expect(info).toMatchObject({ format: 'qcow2', 'virtual-size': 64 * MIB });
  expect(Number(info['actual-size'])).toBeLessThan(8 * MIB);

  const reader = await openQemuReader({ fd: handle.fd, format: 'qcow2', size, folder }, signal);
  expect(reader.size).toBe(size);
  let data = 0;
  let end = 0;
  for await (const extent of reader.extents(signal)) {
    expect(extent.offset).toBe(end);
    end = extent.offset + extent.length;
    if (extent.kind === 'data') data += extent.length;
  }
  expect(end).toBe(size);
  expect(data).toBeLessThan(8 * MIB);
  const bytes = new Uint8Array(4 * MIB);
  await reader.read(5 * MIB, bytes, signal);
  expect(Buffer.compare(bytes, disk.subarray(5 * MIB, 9 * MIB))).toBe(0);
  await expect(reader.read(size - 10, new Uint8Array(20), signal)).rejects.toThrow(/outside|beyond|inside/);
  await reader.close();
  expect(await readdir(folder)).toEqual(['disk.qcow2', 'raw']);
});

test.skipIf(without)(
  'it opens the file that was opened, though another has its name (needs qemu-nbd)',
  async () => {
    const { folder, path, handle } = await image(MIB);
    await rm(path);
    qemuImg('create', '-q', '-f', 'qcow2', path, String(2 * MIB));
    const writer = await openQemuWriter({ fd: handle.fd, format: 'qcow2', folder }, signal);
    expect(writer.size).toBe(MIB);
    await writer.close();
  },
);

test.skipIf(without)('why it does not serve is told, and nothing is left (needs qemu-nbd)', async () => {
  const folder = await scratch();
  const path = join(folder, 'text');
  const handle = await open(path, 'w+');
  onTestFinished(() => handle.close());
  await handle.writeFile('no image'.repeat(100));
  await expect(openQemuWriter({ fd: handle.fd, format: 'qcow2', folder }, signal)).rejects.toMatchObject({
    code: 'qemu_nbd_ended',
    message: expect.stringMatching(/qcow2/i),
  });
  const stop = AbortSignal.abort(new Error('told to stop'));
  await expect(openQemuWriter({ fd: handle.fd, format: 'raw', folder }, stop)).rejects.toThrow(
    'told to stop',
  );
  expect(await readdir(folder)).toEqual(['text']);
});

test.skipIf(without)('a disk that does not fit is refused (needs qemu-nbd)', async () => {
  const { folder, handle } = await image(MIB);
  const options = { fd: handle.fd, format: 'qcow2', size: 2 * MIB, folder } as const;
  await expect(openQemuWriter(options, signal)).rejects.toMatchObject({ code: 'disk_size_mismatch' });
  await expect(openQemuReader(options, signal)).rejects.toMatchObject({ code: 'disk_size_mismatch' });
  expect(await readdir(folder)).toEqual(['disk.qcow2']);
});

test('where it is not installed, that is said', async () => {
  const folder = await scratch();
  const handle = await open(join(folder, 'raw'), 'w+');
  onTestFinished(() => handle.close());
  const missing = ((_command: string, args: string[], options: object) =>
    spawn(
      'sh',
      ['-c', 'echo "qemu-nbd: not found" >&2; exit 127', ...args.slice(0, 0)],
      options,
    )) as typeof spawn;
  const start = startQemuNbd(
    { fd: handle.fd, format: 'raw', readOnly: true, folder, spawn: missing },
    signal,
  );
  await expect(start).rejects.toMatchObject({ code: 'qemu_nbd_missing' });
  const none = ((_command: string, args: string[], options: object) =>
    spawn('/nonexistent/setpriv', args, options)) as typeof spawn;
  await expect(
    startQemuNbd({ fd: handle.fd, format: 'raw', readOnly: true, folder, spawn: none }, signal),
  ).rejects.toMatchObject({ code: 'qemu_nbd_missing', message: expect.stringContaining('ENOENT') });
});

test.skipIf(without)('when it is killed, the writer says so (needs qemu-nbd)', async () => {
  const { folder, handle } = await image(MIB);
  let pid = 0;
  const watched = ((command: string, args: string[], options: object) => {
    const child = spawn(command, args, options);
    pid = child.pid ?? 0;
    return child;
  }) as typeof spawn;
  const options = { fd: handle.fd, format: 'qcow2', folder, spawn: watched } as const;
  const writer = await openQemuWriter(options, signal);
  await writer.write(0, noise(1000, 1), signal);
  process.kill(pid, 'SIGKILL');
  await expect(
    (async () => {
      await writer.write(0, noise(1000, 1), signal);
      await writer.flush(signal);
    })(),
  ).rejects.toMatchObject({ code: 'qemu_nbd_ended', message: expect.stringContaining('SIGKILL') });
  await expect(writer.close()).rejects.toMatchObject({ code: 'qemu_nbd_ended' });
  expect(await readdir(folder)).toEqual(['disk.qcow2']);
});

test.skipIf(without)('none outlives the process that started it (needs qemu-nbd)', async () => {
  const { folder, path } = await image(MIB);
  const script = fileURLToPath(new URL('qemu-nbd-owner.ts', import.meta.url));
  const owner = spawn(process.execPath, ['--import', 'tsx', script, path, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(owner.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  expect(runs(pid)).toBe(true);
  expect(existsSync(`/proc/${pid}`)).toBe(true);
  const ended = once(owner, 'exit');
  owner.kill('SIGKILL');
  await ended;
  for (let tries = 0; runs(pid) && tries < 100; tries += 1) await pause(20);
  expect(runs(pid)).toBe(false);
  expect(qemuImg('check', path)).toContain('No errors were found');
});

test.skipIf(without)('a file that names another one is refused (needs qemu-img)', async () => {
  const { folder, handle } = await image(MIB);
  expect(await wholeQcow2Size(handle, signal)).toBe(MIB);
  const overlay = join(folder, 'overlay');
  qemuImg('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', join(folder, 'disk.qcow2'), overlay);
  await expect(wholeQcow2Size(await opened(overlay), signal)).rejects.toThrow(/backing file/);
  const apart = join(folder, 'apart');
  const data = `data_file=${join(folder, 'data')},data_file_raw=on`;
  qemuImg('create', '-q', '-f', 'qcow2', '-o', data, apart, String(MIB));
  await expect(wholeQcow2Size(await opened(apart), signal)).rejects.toThrow(/in another file/);
  const raw = await open(join(folder, 'raw'), 'w+');
  onTestFinished(() => raw.close());
  await expect(wholeQcow2Size(raw, signal)).rejects.toMatchObject({ code: 'disk_corrupt' });
  await raw.truncate(MIB);
  await expect(wholeQcow2Size(raw, signal)).rejects.toThrow(/no qcow2/);
});
