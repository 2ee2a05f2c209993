/** What a thread of {@link ChunkThreads} runs: an entry point of the bundle, imported by nothing. */
import { parentPort, workerData } from 'node:worker_threads';
import { ChunkWork, type OpenExport } from './do-job.ts';
import type { ChunkJob, LeaveExport, ThreadStart } from './job.ts';

const { stop } = workerData as ThreadStart;
const flag = new Int32Array(stop);
const stopped = (): boolean => Atomics.load(flag, 0) !== 0;
let openExport: OpenExport = () => {
  throw new Error('this host has no calls for sockets that wait');
};
const work = new ChunkWork(stopped, (...args) => openExport(...args));

/** Only who needs it loads what calls the C library. */
async function load(): Promise<void> {
  const { WaitingConnection } = await import('../../nbd/waiting-connection.ts');
  openExport = (local, goOn) => new WaitingConnection(local, goOn);
}
let loaded: Promise<void> | undefined;

async function take(message: ChunkJob | LeaveExport): Promise<void> {
  if ('leave' in message) {
    work.leave(message.leave);
    return;
  }
  // Without it the export cannot be opened, which says why.
  if ('local' in message.from) await (loaded ??= load().catch(() => undefined));
  const answer = work.do(message);
  // It is used no more.
  if (stopped()) work.leave();
  parentPort?.postMessage(answer, []);
}

let last = Promise.resolve();
parentPort?.on('message', (message: ChunkJob | LeaveExport) => {
  last = last.then(() => take(message));
});
