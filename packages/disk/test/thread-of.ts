/** Entry of a thread of another kind than the bundle's: what `code` makes of each job that `parentPort` brings. */
export const threadOf = (code: string): URL =>
  new URL(
    `data:text/javascript,${encodeURIComponent(`import { parentPort, workerData } from 'node:worker_threads'; const stop = new Int32Array(workerData.stop); ${code}`)}`,
  );
