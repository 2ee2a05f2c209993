/** What a thread of {@link ChunkThreads} runs: an entry point of the bundle, imported by nothing. */
import { parentPort, workerData } from 'node:worker_threads';
import { ChunkWork, type OpenExport } from './do-job.ts';
import type { ChunkJob, LeaveExport, ThreadStart } from './job.ts';

const { stop } = workerData as ThreadStart;
const flag = new Int32Array(stop);
const stopped = (): boolean => Atomics.load(flag, 0) !== 0;
let openExport: OpenExport;
const work = new ChunkWork(stopped, (...args) => openExport(...args));

/** Only who needs it loads what calls the C library. */
async function load(): Promise<void> {
  try {
    const { WaitingConnection } = await import('../../nbd/waiting-connection.ts');
    openExport = (local, goOn) => new WaitingConnection(local, goOn);
  } catch (error) {
    // Told by the job, as that the export cannot be read by a thread.
    openExport = () => {
      throw error;
    };
  }
}
let loaded: Promise<void> | undefined;

async function take(message: ChunkJob | LeaveExport): Promise<void> {
  if ('leave' in message) {
    work.leave(message.leave);
    return;
  }
  if ('local' in message.from) await (loaded ??= load());
  const answer = work.do(message);
  // It is used no more.
  if (stopped()) work.leave();
  parentPort?.postMessage(answer, []);
}

let last = Promise.resolve();
parentPort?.on('message', (message: ChunkJob | LeaveExport) => {
  last = last.then(() => take(message));
});
