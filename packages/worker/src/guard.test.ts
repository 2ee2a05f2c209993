import type { DestinationConnection, DiskWriter, Instance, SourceConnection } from '@guts/core';
import { expect, test } from 'vitest';
import { guarded, guardedDestination, guardedSource } from './guard.ts';

class Thing {
  #calls = 0;
  readonly project = { id: 'p' };
  act(): number {
    this.#calls += 1;
    return this.#calls;
  }
  async *list(): AsyncGenerator<number> {
    yield await Promise.resolve(1);
  }
  close(): string {
    return 'closed';
  }
}

test('every call asks first, except those that end things', async () => {
  let held = true;
  const thing = guarded(new Thing(), () => {
    if (!held) throw new Error('the lease is lost');
  });
  expect(thing.act()).toBe(1);
  expect(thing.project.id).toBe('p');
  for await (const one of thing.list()) expect(one).toBe(1);
  held = false;
  expect(() => thing.act()).toThrow('the lease is lost');
  expect(() => thing.list()).toThrow('the lease is lost');
  expect(thing.close()).toBe('closed');
  expect(thing.project.id).toBe('p');
});

const done = (): Promise<void> => Promise.resolve();

/** A lease that is lost when it is told to. */
function lease() {
  let held = true;
  const check = (): void => {
    if (!held) throw new Error('the lease is lost');
  };
  return { check, lose: () => (held = false) };
}

test('what disks are read with asks, too; a session is ended ill whatever became of the lease', async () => {
  const { check, lose } = lease();
  const reader = { kind: 'reader', size: 1, read: done, close: done };
  const session = {
    transport: 'lease',
    disks: [{ key: '2000', source: reader }],
    complete: done,
    abort: done,
  };
  const source = guardedSource(
    { openDisks: () => Promise.resolve(session) } as unknown as SourceConnection,
    check,
  );
  const { signal } = new AbortController();
  const open = () => source.openDisks({} as Instance, 'lease', ['2000'], new Map(), signal);
  const opened = await open();
  const [disk] = opened.disks as unknown as [{ key: string; source: typeof reader }];
  expect(disk).toMatchObject({ key: '2000', source: { kind: 'reader', size: 1 } });
  await disk.source.read();
  lose();
  expect(() => disk.source.read()).toThrow('the lease is lost');
  expect(() => opened.complete(signal)).toThrow('the lease is lost');
  await opened.abort(signal);
  await disk.source.close();
  expect(open).toThrow('the lease is lost');
});

test.for(['openVolumeWriter', 'uploadImage'] as const)(
  'what %s gives asks before each write',
  async (name) => {
    const { check, lose } = lease();
    const { signal } = new AbortController();
    const capabilities = { randomAccess: true, readsAsZero: true, needsMap: false };
    const writer: DiskWriter = { size: 1, capabilities, write: done, zero: done, flush: done, close: done };
    const destination = guardedDestination(
      {
        openVolumeWriter: () => Promise.resolve(writer),
        uploadImage: () => ({ writer, done: Promise.resolve() }),
      } as unknown as DestinationConnection,
      check,
    );
    const given =
      name === 'uploadImage'
        ? destination.uploadImage('i', { format: 'raw', size: 1, areas: null, sha512: true, signal }).writer
        : await destination.openVolumeWriter({}, 1, { fresh: true }, signal);
    expect(given).toMatchObject({ size: 1, capabilities });
    await given.write(0, new Uint8Array(1), signal);
    lose();
    expect(() => given.write(0, new Uint8Array(1), signal)).toThrow('the lease is lost');
    expect(() => given.zero(0, 1, signal)).toThrow('the lease is lost');
    expect(() => given.flush(signal)).toThrow('the lease is lost');
    await given.close();
  },
);
