/**
 * The thread of inflate-threads.ts. Plain JavaScript, because a thread is started from a file as it is.
 *
 * A request is a batch of grains: `places` has four numbers for each, where it begins in `input`, its length there, where
 * it goes in `output`, and how many bytes of it are wanted; the memory is shared. The answer tells of the first grain that
 * is not sound, if there is one.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { inflateSync } from 'node:zlib';

/** Those whose size_t is written as below. */
const ARCHITECTURES = ['x64', 'arm64'];

/**
 * Functions of libdeflate.h, or null where this host has no such library.
 * @param {string | null} name of the library's file
 */
async function loadLibdeflate(name) {
  if (name === null || !ARCHITECTURES.includes(process.arch)) return null;
  try {
    const { default: koffi } = await import('koffi');
    const library = koffi.load(name);
    return {
      allocate: library.func('void *libdeflate_alloc_decompressor(void)'),
      free: library.func('void libdeflate_free_decompressor(void *decompressor)'),
      decompress: library.func(
        'int libdeflate_zlib_decompress(void *decompressor, const void *input, size_t inputBytes, void *output, size_t room, void *outputBytes)',
      ),
    };
  } catch {
    return null; // zlib takes longer, and does the same
  }
}

const libdeflate = await loadLibdeflate(workerData.libdeflate);
const written = new BigUint64Array(1);

/**
 * Inflates a grain to where it goes. What libdeflate does not take zlib is asked, which says why.
 * @returns {number} bytes that it has
 */
function inflateGrain(decompressor, packed, output, to, grainBytes) {
  const room = output.subarray(to, to + grainBytes);
  if (
    decompressor !== null &&
    libdeflate.decompress(decompressor, packed, packed.length, room, room.length, written) === 0
  )
    return Number(written[0]);
  const options = { chunkSize: Math.max(64, grainBytes), maxOutputLength: grainBytes };
  const grain = inflateSync(packed, options);
  output.set(grain.subarray(0, room.length), to);
  return grain.length;
}

/** @param {{ input: Uint8Array, output: Uint8Array, places: Uint32Array, grainBytes: number }} batch */
function inflateBatch({ input, output, places, grainBytes }) {
  // One for each batch: a thread that is ended could not give it back.
  const decompressor = libdeflate?.allocate() ?? null;
  try {
    for (let at = 0; at < places.length; at += 4) {
      const [from, length, to, needed] = places.subarray(at, at + 4);
      let bytes;
      try {
        bytes = inflateGrain(decompressor, input.subarray(from, from + length), output, to, grainBytes);
      } catch (error) {
        return { grain: at / 4, reason: `does not inflate (${error.message})` };
      }
      if (bytes < needed) return { grain: at / 4, reason: `inflates to ${bytes} bytes instead of ${needed}` };
    }
    return null;
  } finally {
    if (decompressor !== null) libdeflate.free(decompressor);
  }
}

parentPort.on('message', (batch) => {
  const bad = inflateBatch(batch);
  parentPort.postMessage({ bad, by: libdeflate === null ? 'zlib' : 'libdeflate' }, []);
});
