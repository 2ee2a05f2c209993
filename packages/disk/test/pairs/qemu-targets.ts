import { type ChildProcess, spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DiskReader, type DiskWriter, openQemuReader, openQemuWriter } from '../../src/index.ts';
import { qemuImg, qemuIo } from '../qemu.ts';
import { swift } from '../swift-clock.ts';
import { randomBytesOf } from './random-disk.ts';
import type { Ground, Target, TargetKind } from './targets.ts';
import { watchedWriter } from './watched.ts';

const { signal: never } = new AbortController();
const CLUSTER = 65_536;

/** A disk in a file that is open for as long as the disk is. */
async function held<D extends { close(): Promise<void> }>(
  path: string,
  openIn: (fd: number) => Promise<D>,
): Promise<D> {
  const handle = await open(path, 'r+');
  try {
    const disk = await openIn(handle.fd);
    return {
      ...disk,
      close: async () => {
        try {
          await disk.close();
        } finally {
          await handle.close();
        }
      },
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** A qcow2 file, through a qemu-nbd of its own. @param used whether it holds something already */
async function qemuTarget({ size, extra, folder }: Ground, used: boolean): Promise<Target> {
  const path = join(folder, 'disk.qcow2');
  const raw = join(folder, 'disk.raw');
  const writerSize = size + extra;
  // Such images have whole sectors; what lies behind the writer's bytes is not its own.
  const whole = Math.ceil(writerSize / CLUSTER) * CLUSTER;
  qemuImg('create', '-q', '-f', 'qcow2', path, String(whole));
  let child: ChildProcess | undefined;
  let struck = false;
  const spawned = ((command: string, args: string[], options: object) =>
    (child = spawn(command, args, options))) as typeof spawn;
  const options = { format: 'qcow2' as const, folder, spawn: spawned, clock: swift };
  const reading = (bytes: number): Promise<DiskReader> =>
    held(path, (fd) => openQemuReader({ ...options, fd, size: bytes }, never));
  const writing = (bytes: number): Promise<DiskWriter> =>
    held(path, (fd) => openQemuWriter({ ...options, fd, size: bytes }, never));
  const before = used ? randomBytesOf(whole, 79) : Buffer.alloc(whole);
  if (used) {
    const writer = await writing(whole);
    await writer.write(0, before, never);
    await writer.flush(never);
    await writer.close();
  }
  const target: Target = {
    behind: before.subarray(writerSize),
    async open(trouble, from) {
      const writer = watchedWriter(await writing(writerSize), trouble, from);
      return { writer, finish: () => Promise.resolve(), close: () => writer.close() };
    },
    // It writes out what it holds when it ends; killed, it loses what it had not written out: see `strike`.
    crash: () => Promise.resolve(),
    strike: () => {
      struck = true;
      child?.kill('SIGKILL');
    },
    async bytes() {
      // Killed between a cluster and the table that names it, qemu-nbd has lost the cluster's room and no byte: such
      // leaks are given back. Anything that is still wrong then fails the second check.
      try {
        qemuImg('check', '-q', '-f', 'qcow2', path);
      } catch (error) {
        if (!struck || !/ ended with 3: Leaked /.test(String(error))) throw error;
        qemuImg('check', '-q', '-f', 'qcow2', '-r', 'leaks', path);
        qemuImg('check', '-q', '-f', 'qcow2', path);
      }
      qemuImg('convert', '-f', 'qcow2', '-O', 'raw', path, raw);
      return readFile(raw);
    },
    reader: () => reading(size),
    async flip(offset) {
      const byte = (await target.bytes()).readUInt8(offset) ^ 0xff;
      qemuIo(`write -q -P ${byte} ${offset} 1`, path);
    },
    mend: () => writing(writerSize),
    stop: () => Promise.resolve(),
  };
  return target;
}

/** Writers that need qemu-nbd; each case takes a second or so. */
export const QEMU_TARGETS: readonly TargetKind[] = [
  { name: 'new qcow2 by qemu-nbd', sectors: true, make: (ground) => qemuTarget(ground, false) },
  { name: 'used qcow2 by qemu-nbd', sectors: true, make: (ground) => qemuTarget(ground, true) },
];
