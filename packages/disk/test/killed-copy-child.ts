import { open, readFile, rename, writeFile } from 'node:fs/promises';
import {
  ChunkThreads,
  copyDisk,
  type CopyCheckpoint,
  CopyMemory,
  CopyRate,
  type DiskReader,
  type DiskWriter,
  openDeviceWriter,
  openNbdReader,
  openNbdWriter,
  openRawFile,
} from '../src/index.ts';

/**
 * A process that copies a disk as a worker does, and is killed at any instruction: what it knows of earlier ones is
 * what they left in a file. It tells what it does in lines of JSON.
 */
export interface KillableJob {
  readonly source: Place;
  readonly target: Place;
  readonly size: number;
  readonly chunkSize: number;
  readonly checkpointBytes: number;
  /** Bytes per second, so that there is time to be killed in. */
  readonly rate: number;
  /** Address of the bundle that threads run, which take the chunks of files then; null: none do. */
  readonly threads: string | null;
  /** Where checkpoints are kept. */
  readonly journal: string;
  /** null: it is to come to its end. */
  readonly kill: Kill | null;
}
/**
 * So many milliseconds after it has said a word so often, it is killed, by the kernel like any other: by itself,
 * for another process may be too late on a busy machine.
 */
export interface Kill {
  readonly word: KillableWord['word'];
  readonly count: number;
  readonly milliseconds: number;
}
/** A raw file, or an NBD server's only export, `x`. */
export type Place = { readonly file: string } | { readonly socket: string };

/** What is in the journal. */
export interface KillableJournal {
  /** The target may hold something. */
  readonly written: boolean;
  readonly checkpoints: readonly CopyCheckpoint[];
}
export const EMPTY: KillableJournal = { written: false, checkpoints: [] };

/** What it tells. */
export type KillableWord =
  | { readonly word: 'began'; readonly from: number }
  | { readonly word: 'moved'; readonly bytesDone: number }
  | { readonly word: 'stored'; readonly bytesDone: number }
  | {
      readonly word: 'done';
      readonly bytesRead: number;
      /** Lowest offsets that were read and written; null: none was. */
      readonly firstRead: number | null;
      readonly firstWritten: number | null;
    };

const { signal } = new AbortController();
const nbd = (socket: string) => ({
  target: { address: { kind: 'unix' as const, path: socket }, exportName: 'x', secure: false },
});
/** Says what it does, and is killed when it has said that. */
function sayUntil(kill: Kill | null): (word: KillableWord) => void {
  let left = kill?.count ?? 0;
  return (word) => {
    process.stdout.write(`${JSON.stringify(word)}\n`);
    if (word.word !== kill?.word || (left -= 1) !== 0) return;
    if (kill.milliseconds === 0) process.kill(process.pid, 'SIGKILL');
    else setTimeout(() => process.kill(process.pid, 'SIGKILL'), kill.milliseconds).unref();
  };
}

export const readJournal = async (path: string): Promise<KillableJournal> =>
  JSON.parse(await readFile(path, 'utf8')) as KillableJournal;

/** As a transaction: it is there whole, for good, or not at all. */
async function writeJournal(path: string, journal: KillableJournal): Promise<void> {
  const handle = await open(`${path}.new`, 'w');
  try {
    await writeFile(handle, JSON.stringify(journal));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${path}.new`, path);
}

const openSource = (place: Place): Promise<DiskReader> =>
  'file' in place ? openRawFile(place.file) : openNbdReader(nbd(place.socket), signal);
const openTarget = (place: Place, size: number, fresh: boolean): Promise<DiskWriter> =>
  'file' in place
    ? openDeviceWriter(place.file, { size, readsAsZero: fresh })
    : openNbdWriter({ ...nbd(place.socket), size }, signal);

async function run(job: KillableJob): Promise<void> {
  const { size, chunkSize, checkpointBytes, rate } = job;
  const say = sayUntil(job.kill);
  let journal = await readJournal(job.journal);
  const fresh = !journal.written;
  await writeJournal(job.journal, { ...journal, written: true });
  const source = await openSource(job.source);
  const target = await openTarget(job.target, size, fresh);
  const { checkpoints } = journal;
  const [first] = checkpoints;
  const pieces = checkpoints.map(({ piece }) => piece);
  let firstRead: number | null = null;
  let firstWritten: number | null = null;
  say({ word: 'began', from: checkpoints.at(-1)?.bytesDone ?? 0 });
  const { bytesRead } = await copyDisk({
    source: {
      ...source,
      read: (offset, buffer, inner) => {
        firstRead = Math.min(offset, firstRead ?? offset);
        return source.read(offset, buffer, inner);
      },
    },
    target: {
      size,
      capabilities: target.capabilities,
      write: (offset, data, inner) => {
        firstWritten = Math.min(offset, firstWritten ?? offset);
        return target.write(offset, data, inner);
      },
      zero: (offset, length, inner) => {
        firstWritten = Math.min(offset, firstWritten ?? offset);
        return target.zero(offset, length, inner);
      },
      flush: (inner) => target.flush(inner),
      close: () => target.close(),
      ...(target.file
        ? {
            file: {
              ...target.file,
              fd: target.file.fd,
              willWrite: (offset, length) => {
                firstWritten = Math.min(offset, firstWritten ?? offset);
                target.file?.willWrite(offset, length);
              },
            },
          }
        : {}),
    },
    signal,
    chunkSize,
    checkpointBytes,
    budget: {
      memory: new CopyMemory(16 * chunkSize),
      rate: new CopyRate(rate),
      threads: job.threads === null ? undefined : new ChunkThreads({ entry: new URL(job.threads), count: 2 }),
    },
    onProgress: ({ bytesDone }) => say({ word: 'moved', bytesDone }),
    onCheckpoint: async (checkpoint) => {
      journal = { written: true, checkpoints: [...journal.checkpoints, checkpoint] };
      await writeJournal(job.journal, journal);
      say({ word: 'stored', bytesDone: checkpoint.bytesDone });
    },
    ...(first ? { resume: { chunkSize: first.chunkSize, key: first.key, pieces } } : {}),
  });
  await source.close();
  await target.close();
  say({ word: 'done', bytesRead, firstRead, firstWritten });
}

const [, , argument] = process.argv;
if (argument?.startsWith('{') === true) await run(JSON.parse(argument) as KillableJob);
