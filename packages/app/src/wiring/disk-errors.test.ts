import { GutsError } from '@guts/core';
import {
  CopyMemory,
  CopyRate,
  CorruptDiskError,
  DiskSizeError,
  DiskStalledError,
  type DiskWriter,
  NbdError,
  rangeReader,
} from '@guts/disk';
import { expect, test } from 'vitest';
import { diskCopier } from './copier.ts';
import { diskWork } from './disk-errors.ts';

const system = (code: string): Error => Object.assign(new Error(`${code}: it failed, write`), { code });

test.each([
  [system('ENOSPC'), 'disk_transport', false, /room/],
  [system('EIO'), 'disk_transport', true, /reached from the worker/],
  [system('EBADF'), 'disk_transport', false, /goes on where it was/],
  [new NbdError('nbd_writes_lost', 'they may be gone'), 'disk_transport', true, /retry/],
  [new NbdError('nbd_connection_lost', 'it broke'), 'disk_transport', true, /retry/],
  [new NbdError('nbd_read_only', 'no'), 'disk_transport', false, /retry/],
  [new DiskStalledError('the target', 120), 'disk_transport', true, /retry/],
  [new CorruptDiskError('a loop', 7), 'disk_corrupt', false, /repaired/],
  [new DiskSizeError('too small'), 'disk_transport', false, /retry/],
] as const)('%s is told in the words of a migration', async (cause, code, transient, remedy) => {
  const told = await diskWork(() => Promise.reject(cause)).catch((thrown: unknown) => thrown);
  expect(told).toBeInstanceOf(GutsError);
  expect(told).toMatchObject({ code, transient, message: cause.message, cause });
  expect((told as GutsError).remedy).toMatch(remedy);
});

test('errors that are told already, aborts and mistakes of ours stay what they are', async () => {
  for (const error of [
    new GutsError('lease_lost', 'gone'),
    new TypeError('ours'),
    new DOMException('x', 'AbortError'),
  ])
    await expect(diskWork(() => Promise.reject(error))).rejects.toBe(error);
});

test('a target that lost writes has the step done again, one that is full waits for a person', async () => {
  const source = rangeReader({ size: 65536, readRange: async (_offset, buffer) => void buffer.fill(1) });
  const failing = (cause: Error): DiskWriter => ({
    size: 65536,
    capabilities: { randomAccess: true, readsAsZero: true, needsMap: false },
    write: () => Promise.reject(cause),
    zero: async () => undefined,
    flush: async () => undefined,
    close: async () => undefined,
  });
  const copier = diskCopier({ memory: new CopyMemory(2 ** 24), rate: new CopyRate() });
  const { signal } = new AbortController();
  const copy = (error: Error): Promise<unknown> => copier.copy({ source, target: failing(error), signal });
  await expect(copy(new NbdError('nbd_writes_lost', 'they may be gone'))).rejects.toMatchObject({
    code: 'disk_transport',
    transient: true,
  });
  await expect(copy(system('ENOSPC'))).rejects.toMatchObject({ code: 'disk_transport', transient: false });
});
