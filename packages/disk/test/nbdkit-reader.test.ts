import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DiskSizeError, NbdkitError, openNbdkitReader, type DiskReader } from '../src/index.ts';
import type { NbdkitReaderOptions } from '../src/nbdkit/reader.ts';
import { exporting, spawning, type FakeNbdkit } from './fake-nbdkit.ts';
import { errorChunk, optionReply } from './nbd-messages.ts';
import { serve, signal, sparse, turnsUntil } from './nbd-rig.ts';
import type { FakeNbdServer, FakeOptions } from './nbd-server.ts';
import { collect } from './support.ts';

/** As the clock of the machine, but that pauses pass at once: back-off is counted, not waited for. */
function hurried(): {
  readonly pauses: number[];
  monotonic(): number;
  sleep(ms: number, of?: AbortSignal): Promise<void>;
} {
  const pauses: number[] = [];
  return {
    pauses,
    monotonic: () => performance.now(),
    sleep: (milliseconds, of) => {
      // Deadlines are long, pauses are those of the back-off.
      const isPause = [250, 500, 1000, 2000, 4000, 8000].includes(milliseconds);
      if (isPause) pauses.push(milliseconds);
      return new Promise((resolve, reject) => {
        const timer = setTimeout(resolve, isPause ? 1 : milliseconds);
        of?.addEventListener('abort', () => {
          clearTimeout(timer);
          reject(of.reason as Error);
        });
      });
    },
  };
}

interface Rig {
  readonly disk: Uint8Array;
  readonly reader: DiskReader;
  readonly server: FakeNbdServer;
  readonly started: readonly FakeNbdkit[];
  readonly pauses: readonly number[];
  readonly renewals: string[];
  readonly runDir: string;
}

/** A reader over fakes; `act` says what becomes of each start, which listens unless told otherwise. */
async function open(
  more: Partial<FakeOptions> = {},
  act: (one: FakeNbdkit, number: number, server: FakeNbdServer) => void = (one, _number, server) =>
    one.listen(server),
  options: Partial<NbdkitReaderOptions> = {},
): Promise<Rig> {
  const disk = sparse();
  const server = await serve(exporting(disk, more));
  const { spawn, started } = spawning((one, number) => act(one, number, server));
  const clock = hurried();
  const folder = mkdtempSync(join(tmpdir(), 'guts-nbdkit-'));
  const runDir = join(folder, 'run');
  const renewals: string[] = [];
  const reader = openNbdkitReader({
    command: { program: 'nbdkit', plugin: 'vddk', parameters: [], secrets: { password: 'secret' } },
    parts: { runDir, spawn, env: {}, clock, readySeconds: 5, graceSeconds: 0.2 },
    size: disk.length,
    requestBytes: 16_384,
    onRenewal: (why) => renewals.push(why),
    ...options,
  });
  onTestFinished(async () => {
    await reader.close();
    rmSync(folder, { recursive: true });
  });
  return { disk, reader, server, started, pauses: clock.pauses, renewals, runDir };
}

/** By its map, as a copy reads; several reads at once. */
async function readAll({ reader }: Rig): Promise<Uint8Array> {
  const bytes = new Uint8Array(reader.size);
  const under: Promise<void>[] = [];
  for await (const { offset, length, kind } of reader.extents(signal)) {
    if (kind !== 'data') continue;
    for (let at = offset; at < offset + length; at += 8192)
      under.push(reader.read(at, bytes.subarray(at, Math.min(at + 8192, offset + length)), signal));
  }
  await Promise.all(under);
  return bytes;
}

const failed = async (reading: Promise<unknown>): Promise<NbdkitError> => {
  const error = await reading.then(
    () => new Error('it was read'),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(NbdkitError);
  return error as NbdkitError;
};
const isRead = (type: number): boolean => type === 0;

test('a disk is read byte for byte by its map, from a server that is started when it is needed', async () => {
  const rig = await open();
  expect(rig.reader.capabilities).toEqual({ randomAccess: true, multiPass: true, knowsMap: true });
  expect(rig.started).toHaveLength(0);
  expect(Buffer.from(await readAll(rig)).equals(Buffer.from(rig.disk))).toBe(true);
  expect(Buffer.from(await readAll(rig)).equals(Buffer.from(rig.disk))).toBe(true);
  expect(rig.started).toHaveLength(1);
  expect(rig.renewals).toEqual([]);
  await rig.reader.close();
  expect(readdirSync(rig.runDir)).toEqual([]);
  await expect(rig.reader.read(0, new Uint8Array(1), signal)).rejects.toThrow('the disk is closed');
});

test('one that nobody reads starts nothing', async () => {
  const rig = await open();
  await rig.reader.close();
  expect(rig.started).toHaveLength(0);
});

describe('a server that', () => {
  test('ends in the middle is started anew, and everything is read all the same', async () => {
    // Of the first two, each after some reads.
    const left = [5, 3];
    const started: FakeNbdkit[] = [];
    const rig = await open(
      {
        onRequest: ({ type }) => {
          const now = started.length - 1;
          if (isRead(type) && (left[now] = (left[now] ?? Infinity) - 1) === 0) {
            started.at(-1)?.say('nbdkit: vddk[1]: error: the library crashed\n');
            started.at(-1)?.end(null, 'SIGSEGV');
            return 'silence';
          }
          return undefined;
        },
      },
      (one, _number, server) => {
        started.push(one);
        one.listen(server);
      },
    );
    expect(Buffer.from(await readAll(rig)).equals(Buffer.from(rig.disk))).toBe(true);
    expect(rig.started).toHaveLength(3);
    expect(rig.renewals[0]).toContain('was ended by SIGSEGV');
    expect(rig.renewals[0]).toContain('the library crashed');
    expect(rig.pauses.length).toBeGreaterThan(0);
    // Nothing of those that ended is left.
    expect(readdirSync(rig.runDir)).toHaveLength(1);
  });

  test('ends whenever it is read is given up after a few tries, in growing pauses', async () => {
    const started: FakeNbdkit[] = [];
    const rig = await open(
      {
        onRequest: ({ type }) => {
          if (!isRead(type)) return undefined;
          started.at(-1)?.end(1);
          return 'silence';
        },
      },
      (one, _number, server) => {
        started.push(one);
        one.say('nbdkit: error: no more licences for password secret\n');
        one.listen(server);
      },
    );
    const error = await failed(rig.reader.read(0, new Uint8Array(512), signal));
    expect(error).toMatchObject({ code: 'nbdkit_ended', retryable: true });
    expect(error.message).toBe(
      'nbdkit vddk ended with 1; it said: nbdkit: error: no more licences for password ***',
    );
    expect(rig.started).toHaveLength(4);
    expect(rig.pauses).toEqual([250, 500, 1000]);
    await rig.reader.close();
    expect(readdirSync(rig.runDir)).toEqual([]);
  });

  test('hangs is ended by force, and another one reads', async () => {
    const rig = await open(
      { onRequest: ({ type }, connection) => (isRead(type) && connection < 2 ? 'silence' : undefined) },
      (one, _number, server) => {
        one.heeds = false;
        one.listen(server);
      },
      { stallSeconds: 0.2 },
    );
    const bytes = new Uint8Array(4096);
    await rig.reader.read(8192, bytes, signal);
    expect(bytes).toEqual(rig.disk.subarray(8192, 8192 + 4096));
    expect(rig.started.map(({ signals }) => signals)).toEqual([['SIGTERM', 'SIGKILL'], []]);
  });

  test('gives an error once is asked again over a new connection, the same server', async () => {
    let bad = 1;
    const rig = await open({
      onRequest: ({ type, cookie }) =>
        isRead(type) && (bad -= 1) >= 0 ? [errorChunk(cookie, 5, 'NFC error')] : undefined,
    });
    expect(Buffer.from(await readAll(rig)).equals(Buffer.from(rig.disk))).toBe(true);
    expect(rig.started).toHaveLength(1);
    expect(rig.renewals).toHaveLength(1);
  });

  test('gives an error for one place is told so, with what it said; other places are read', async () => {
    const rig = await open(
      {
        onRequest: ({ type, offset, cookie }) =>
          isRead(type) && offset === 16_384 ? [errorChunk(cookie, 5, 'bad')] : undefined,
      },
      (one, _number, server) => {
        one.say('nbdkit: vddk[2]: error: VixDiskLib_ReadAsync: a bad sector\n');
        one.listen(server);
      },
    );
    const good = new Uint8Array(100);
    const [bad] = await Promise.all([
      failed(rig.reader.read(16_384, new Uint8Array(100), signal)),
      rig.reader.read(8192, good, signal),
    ]);
    expect(bad).toMatchObject({ code: 'nbdkit_io', retryable: true });
    expect(bad.message).toContain('VixDiskLib_ReadAsync: a bad sector');
    expect(good).toEqual(rig.disk.subarray(8192, 8292));
  });

  test('refuses to open the disk is not asked again, and what it said is told', async () => {
    const rig = await open(
      { onOption: (option) => (option === 7 ? [optionReply(7, 0x80000006, Buffer.from('no'))] : undefined) },
      (one, _number, server) => {
        one.say('nbdkit: vddk[1]: error: VixDiskLib_ConnectEx: wrong password\n');
        one.listen(server);
      },
    );
    const error = await failed(rig.reader.read(0, new Uint8Array(1), signal));
    expect(error).toMatchObject({ code: 'nbdkit_refused', retryable: false });
    expect(error.message).toContain('VixDiskLib_ConnectEx: wrong password');
    expect(rig.started).toHaveLength(1);
    expect(readdirSync(rig.runDir)).toEqual([]);
  });

  test('serves a disk of another size is left alone', async () => {
    const rig = await open({}, undefined, { size: 512 });
    await expect(rig.reader.read(0, new Uint8Array(1), signal)).rejects.toBeInstanceOf(DiskSizeError);
    expect(rig.started).toHaveLength(1);
    expect(readdirSync(rig.runDir)).toEqual([]);
  });
});

test('a map whose connection breaks in the middle goes on where it was', async () => {
  let asked = 0;
  const rig = await open({
    statusLimit: 3,
    onRequest: ({ type }) => (type === 7 && [4, 7].includes((asked += 1)) ? 'hang up' : undefined),
  });
  const whole = await open({ statusLimit: 3 });
  expect(await collect(rig.reader.extents(signal))).toEqual(await collect(whole.reader.extents(signal)));
  expect(rig.renewals).toHaveLength(2);
  expect(rig.started).toHaveLength(1);
});

test('a read that is aborted ends at once, and others go on', async () => {
  const rig = await open({
    onRequest: ({ type, offset }) => (isRead(type) && offset === 0 ? 'silence' : undefined),
  });
  const stop = new AbortController();
  const reading = rig.reader.read(0, new Uint8Array(512), stop.signal);
  await turnsUntil(() => rig.server.served.length > 0);
  stop.abort(new Error('enough'));
  await expect(reading).rejects.toThrow('enough');
  await rig.reader.read(8192, new Uint8Array(512), signal);
  expect(rig.started).toHaveLength(1);
});

test('one that is closed while its server starts leaves none', async () => {
  const rig = await open({}, () => undefined);
  const reading = rig.reader.read(0, new Uint8Array(1), signal);
  const told = reading.catch((error: unknown) => error);
  await turnsUntil(() => rig.started.length > 0);
  await rig.reader.close();
  expect(await told).toMatchObject({ message: 'the disk is closed' });
  expect(rig.started[0]?.signals).toEqual(['SIGTERM']);
  expect(readdirSync(rig.runDir)).toEqual([]);
});
