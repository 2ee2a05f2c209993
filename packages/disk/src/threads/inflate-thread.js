/**
 * The thread of inflate-threads.ts. Plain JavaScript, because a thread is started from a file as it is.
 *
 * A request is a batch of grains: `places` has four numbers for each, where it begins in `input`, its length there, where
 * it goes in `output`, and how many bytes of it are wanted. The answer gives the memory back, and tells of the first
 * grain that is not sound, if there is one.
 */
import { parentPort } from 'node:worker_threads';
import { inflateSync } from 'node:zlib';

/** @param {{ input: Uint8Array, output: Uint8Array, places: Uint32Array, grainBytes: number }} batch */
function inflateBatch({ input, output, places, grainBytes }) {
  const options = { chunkSize: Math.max(64, grainBytes), maxOutputLength: grainBytes };
  for (let at = 0; at < places.length; at += 4) {
    const [from, length, to, needed] = places.subarray(at, at + 4);
    let grain;
    try {
      grain = inflateSync(input.subarray(from, from + length), options);
    } catch (error) {
      return { grain: at / 4, reason: `does not inflate (${error.message})` };
    }
    if (grain.length < needed)
      return { grain: at / 4, reason: `inflates to ${grain.length} bytes instead of ${needed}` };
    output.set(grain.length === needed ? grain : grain.subarray(0, needed), to);
  }
  return null;
}

parentPort.on('message', (batch) => {
  const bad = inflateBatch(batch);
  const { input, output } = batch;
  parentPort.postMessage({ bad, input, output }, [input.buffer, output.buffer]);
});
