/**
 * The thread of sha512.ts. Plain JavaScript, because a thread is started from a file as it is.
 *
 * A request is bytes to be added, answered when they are, or null for the digest in hexadecimal.
 */
import { createHash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';

const hash = createHash('sha512');

parentPort.on('message', (bytes) => {
  if (bytes !== null) hash.update(bytes);
  parentPort.postMessage(bytes === null ? hash.digest('hex') : null, []);
});
