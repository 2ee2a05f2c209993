/** What a thread of {@link ChunkThreads} runs: an entry point of the bundle, imported by nothing. */
import { parentPort, workerData } from 'node:worker_threads';
import { ChunkWork } from './do-job.ts';
import type { ChunkJob, ThreadStart } from './job.ts';

const { stop } = workerData as ThreadStart;
const flag = new Int32Array(stop);
const work = new ChunkWork(() => Atomics.load(flag, 0) !== 0);
parentPort?.on('message', (job: ChunkJob) => parentPort?.postMessage(work.do(job), []));
