import assert from 'node:assert/strict';
import { openNbdReader, openNbdWriter } from '../../src/index.ts';
import { at, turnsUntil } from '../nbd-rig.ts';
import { ALL_FLAGS, FakeNbdServer, FLAG } from '../nbd-server.ts';
import { afterCrash } from './crash.ts';
import { randomBytesOf } from './random-disk.ts';
import { failing, nbdManner } from './served-sources.ts';
import type { Ground, Target, TargetKind } from './targets.ts';
import type { Trouble } from './trouble.ts';
import { watchedWriter } from './watched.ts';

const { signal: never } = new AbortController();
const FLUSH = 3;
const GOODBYE = 2;

async function nbdTarget(ground: Ground, before: (bytes: number) => Buffer): Promise<Target> {
  const { size, extra, chance, cuts } = ground;
  const writerSize = size + extra;
  const disk = before(writerSize + chance.roll(2) * 5000);
  const behind = Buffer.from(disk.subarray(writerSize));
  const map = chance.roll(3) === 0 ? 'none' : 'exact';
  const manner = nbdManner({ chance, cuts, map }, disk.length);
  const without = [0, FLAG.fua, FLAG.flush, FLAG.zeroes | FLAG.fast, FLAG.multi, FLAG.fast][chance.roll(6)]!;
  let current: Trouble | undefined;
  const server = await FakeNbdServer.start({
    exports: { x: { disk, blocks: manner.blocks, flags: ALL_FLAGS & ~without } },
    ...manner.server,
    onRequest: (request) =>
      ![GOODBYE, FLUSH].includes(request.type) && current?.hiccup()
        ? failing(request, manner.structured)
        : undefined,
  });
  const crash = (): void => {
    afterCrash(Buffer.from(server.stable.get('x')!), disk, writerSize, chance).copy(disk);
    server.stable.set('x', Uint8Array.from(disk));
    server.cutAll();
  };
  return {
    behind,
    async open(trouble, from) {
      current = trouble;
      const nbd = await openNbdWriter({ ...at(server, 'x'), ...manner.client, size: writerSize }, never);
      const writer = watchedWriter(nbd, trouble, from);
      return {
        writer,
        finish: () => Promise.resolve(),
        close: async () => {
          current = undefined;
          await writer.close();
        },
      };
    },
    crash: async () => crash(),
    strike: crash,
    // What a flush has put beyond a crash.
    bytes: async () => Buffer.from(server.stable.get('x')!),
    reader: () => openNbdReader({ ...at(server, 'x'), ...manner.client, readAttempts: 20 }, never),
    async flip(offset) {
      disk[offset]! ^= 0xff;
    },
    mend: () => openNbdWriter({ ...at(server, 'x'), ...manner.client, size: writerSize }, never),
    async stop() {
      await turnsUntil(() => server.open === 0);
      await server.stop();
      assert.deepEqual(server.mistakes, []);
    },
  };
}

export const NBD_TARGETS: readonly TargetKind[] = [
  { name: 'NBD, fresh', sectors: false, make: (ground) => nbdTarget(ground, (bytes) => Buffer.alloc(bytes)) },
  {
    name: 'NBD, used',
    sectors: false,
    make: (ground) => nbdTarget(ground, (bytes) => randomBytesOf(bytes, 78)),
  },
];
