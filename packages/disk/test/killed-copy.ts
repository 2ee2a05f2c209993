import { type ChildProcess, spawn } from 'node:child_process';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { inject } from 'vitest';
import { type ChunkManifest, openRawFile, rangeReader, verifyDisk } from '../src/index.ts';
import { dice, type Dice } from './dice.ts';
import { digestOf, toldDigests } from './digest-of.ts';
import {
  EMPTY,
  type Kill,
  type KillableJob,
  type KillableWord,
  type Place,
  readJournal,
} from './killed-copy-child.ts';
import { FakeNbdServer } from './nbd-server.ts';
import { afterCrash } from './pairs/crash.ts';
import { dataExtents, makeDisk, randomBytesOf, SHAPES } from './pairs/random-disk.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const CHILD = fileURLToPath(new URL('killed-copy-child.ts', import.meta.url));
const KIB = 1024;

export const WAYS = ['file to file', 'NBD to file', 'file to NBD'] as const;
export type Way = (typeof WAYS)[number];

/** What became of a copy that was killed again and again. */
export interface Killed {
  readonly kills: number;
  /** Runs that went on behind a checkpoint. */
  readonly resumed: number;
}

/** A run of the child, from its start to its end. */
class Run {
  readonly words: KillableWord[] = [];
  readonly #child: ChildProcess;
  #said = '';

  constructor(job: KillableJob) {
    this.#child = spawn(process.execPath, ['--import', 'tsx', CHILD, JSON.stringify(job)], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stderr?.on('data', (data: Buffer) => (this.#said += data.toString()));
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      // The last line of one that was killed may be torn.
      if (line.endsWith('}')) this.words.push(JSON.parse(line) as KillableWord);
    });
  }

  /** Resolves when it is gone; true: it was killed. */
  async ended(): Promise<boolean> {
    const [code, signal] = (await once(this.#child, 'close')) as [number | null, NodeJS.Signals | null];
    if (signal === 'SIGKILL') return true;
    assert.equal(code, 0, this.#said);
    return false;
  }
}

/** The end that is to be written, wherever it is. */
interface End {
  readonly place: Place;
  bytes(): Promise<Buffer>;
  /** What no checkpoint relies on may be anything after a crash. */
  crash(flushedBytes: number): Promise<void>;
  stop(): Promise<void>;
}

/** @param used it holds something already, which the journal must tell of */
async function fileEnd(path: string, size: number, used: boolean, chance: Dice): Promise<End> {
  await writeFile(path, used ? randomBytesOf(size, 5) : '');
  await truncate(path, size);
  // A file of a killed process keeps what was written: only its host's crash loses that.
  return {
    place: { file: path },
    bytes: () => readFile(path),
    async crash(flushedBytes) {
      const garbage = randomBytesOf(size, chance.roll(1000));
      const handle = await open(path, 'r+');
      try {
        for (let at = flushedBytes; at < size; at += 1 + chance.roll(400 * KIB)) {
          const end = Math.min(size, at + chance.roll(200 * KIB));
          await handle.write(garbage, at, end - at, at);
          at = end;
        }
      } finally {
        await handle.close();
      }
    },
    stop: () => Promise.resolve(),
  };
}

async function nbdEnd(size: number, used: boolean, chance: Dice): Promise<End> {
  const disk = used ? randomBytesOf(size, 5) : Buffer.alloc(size);
  const server = await FakeNbdServer.start({ exports: { x: { disk } } });
  return {
    place: { socket: server.path },
    bytes: async () => Buffer.from(server.stable.get('x')!),
    async crash() {
      afterCrash(Buffer.from(server.stable.get('x')!), disk, size, chance).copy(disk);
      server.stable.set('x', Uint8Array.from(disk));
    },
    async stop() {
      await server.stop();
      assert.deepEqual(server.mistakes, []);
    },
  };
}

async function sourceOf(way: Way, disk: Buffer, path: string): Promise<Pick<End, 'place' | 'stop'>> {
  if (way === 'NBD to file') {
    const server = await FakeNbdServer.start({ exports: { x: { disk, flags: 3 | 256 } } });
    return { place: { socket: server.path }, stop: () => server.stop() };
  }
  await writeFile(path, '');
  await truncate(path, disk.length);
  const handle = await open(path, 'r+');
  try {
    for (const { offset, length } of dataExtents(disk, 4096))
      await handle.write(disk, offset, length, offset);
  } finally {
    await handle.close();
  }
  return { place: { file: path }, stop: () => Promise.resolve() };
}

/** What the journal tells of the whole copy must be true of the target. */
async function assertWhole(disk: Buffer, end: End, job: Omit<KillableJob, 'kill'>): Promise<void> {
  const { chunkSize, size, journal } = job;
  const there = await end.bytes();
  if (!disk.equals(there.subarray(0, size))) {
    const wrong = disk.findIndex((byte, at) => byte !== there[at]);
    throw new Error(`byte ${wrong} of ${size} differs`);
  }
  const { checkpoints } = await readJournal(journal);
  const pieces = checkpoints.map(({ piece }) => piece);
  const { key } = checkpoints[0]!;
  const manifest: ChunkManifest = { size, chunkSize, algorithm: 'aes-128-gmac', key, pieces };
  const told = toldDigests(pieces);
  for (let at = 0; at < size; at += chunkSize)
    assert.equal(told.get(at / chunkSize), digestOf(disk.subarray(at, at + chunkSize), key));
  const reader =
    'file' in job.target
      ? await openRawFile(job.target.file, { size })
      : rangeReader({ size, readRange: async (offset, buffer) => void there.copy(buffer, 0, offset) });
  try {
    const { signal } = new AbortController();
    assert.deepEqual(await verifyDisk({ manifest, reader, signal }), { mismatches: [], bytesChecked: size });
  } finally {
    await reader.close();
  }
}

/** Nothing before the checkpoint was read or written again. */
function assertBehind({ words }: Run, from: number, size: number): void {
  const [began] = words;
  if (began) assert.deepEqual(began, { word: 'began', from });
  for (const word of words) if (word.word === 'moved') assert.ok(word.bytesDone > from);
  const last = words.at(-1);
  if (last?.word !== 'done') return;
  assert.ok(last.bytesRead <= size - from);
  assert.ok((last.firstRead ?? from) >= from);
  assert.ok((last.firstWritten ?? from) >= from);
}

/**
 * When a run is to be killed: as soon as it began, amidst its chunks, or beside a checkpoint; mostly before it is done.
 * @param left chunks that it has to copy
 */
function randomKill(left: number, chance: Dice): Kill {
  const word = (['began', 'stored', 'moved', 'moved'] as const)[chance.roll(4)]!;
  const most = { began: 1, stored: 2, moved: Math.max(1, Math.floor(left * 0.6)) }[word];
  return { word, count: 1 + chance.roll(most), milliseconds: chance.roll(3) === 0 ? 0 : chance.roll(80) };
}

/** Copies a random disk by a process that is killed so many times, and compares the bytes in the end. */
export async function copyKilled(way: Way, kills: number, seed: number): Promise<Killed> {
  const chance = dice(seed);
  const folder = await mkdtemp(join(tmpdir(), 'guts-killed-'));
  const size = (12 + chance.roll(12)) * 1024 * KIB + [0, 1, 512, 65_535][chance.roll(4)]!;
  const shape = SHAPES.filter((one) => one !== 'zero' && one !== 'edges')[chance.roll(3)]!;
  const disk = makeDisk(size, shape, seed);
  const chunkSize = [128, 256, 512][chance.roll(3)]! * KIB;
  const source = await sourceOf(way, disk, join(folder, 'source.raw'));
  const used = chance.roll(2) === 0;
  const end =
    way === 'file to NBD'
      ? await nbdEnd(size, used, chance)
      : await fileEnd(join(folder, 'target.raw'), size, used, chance);
  const job: Omit<KillableJob, 'kill'> = {
    source: source.place,
    target: end.place,
    size,
    chunkSize,
    checkpointBytes: chunkSize * (1 + chance.roll(4)),
    rate: 9 * 1024 * KIB,
    threads: chance.roll(2) === 0 ? null : new URL('chunk-thread.js', pathToFileURL(inject('guts'))).href,
    journal: join(folder, 'journal.json'),
  };
  await writeFile(job.journal, JSON.stringify({ ...EMPTY, written: used }));
  let killed = 0;
  let resumed = 0;
  try {
    for (;;) {
      const from = (await readJournal(job.journal)).checkpoints.at(-1)?.bytesDone ?? 0;
      if (from > 0) resumed += 1;
      const kill = killed < kills ? randomKill(Math.ceil((size - from) / chunkSize), chance) : null;
      const run = new Run({ ...job, kill });
      const wasKilled = await run.ended();
      assertBehind(run, from, size);
      if (!wasKilled) break;
      killed += 1;
      const { checkpoints } = await readJournal(job.journal);
      await end.crash(checkpoints.at(-1)?.bytesDone ?? 0);
    }
    await assertWhole(disk, end, job);
  } finally {
    await source.stop();
    await end.stop();
    await rm(folder, { recursive: true });
  }
  return { kills: killed, resumed };
}
