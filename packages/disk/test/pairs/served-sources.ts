import assert from 'node:assert/strict';
import { openNbdReader, rangeReader } from '../../src/index.ts';
import { errorChunk, simpleReply } from '../nbd-messages.ts';
import { at, turnsUntil } from '../nbd-rig.ts';
import { FakeNbdServer, type FakeOptions, type FakeRequest } from '../nbd-server.ts';
import { swift } from '../swift-clock.ts';
import { dataExtents } from './random-disk.ts';
import type { Material, SourceKind } from './sources.ts';
import { Passing, type Trouble } from './trouble.ts';
import { watchedReader } from './watched.ts';

const { signal: never } = new AbortController();
const EIO = 5;
const GOODBYE = 2;
const OPTION_STRUCTURED = 8;
const OPTION_META_CONTEXT = 10;
const UNSUPPORTED = 0x80000001;

/** What both ends of NBD have in common. */
export interface NbdManner {
  readonly structured: boolean;
  readonly server: Partial<FakeOptions>;
  readonly blocks: readonly [number, number, number];
  readonly client: object;
}

/**
 * A random server and a client for it. Its first connections are cut, each after a number of bytes; the very first
 * outlives its handshake.
 * @param bytes that the export has
 */
export function nbdManner(
  { chance, cuts, map }: Pick<Material, 'chance' | 'cuts' | 'map'>,
  bytes: number,
): NbdManner {
  const { roll } = chance;
  const structured = roll(3) > 0;
  const block = [1, 512, 4096][roll(3)]!;
  const refuse = {
    ...(structured ? {} : { [OPTION_STRUCTURED]: UNSUPPORTED }),
    ...(map === 'none' ? { [OPTION_META_CONTEXT]: UNSUPPORTED } : {}),
  };
  return {
    structured,
    blocks: [bytes % block === 0 ? block : 1, 4096, [4096, 20_480, 2 ** 25][roll(3)]!],
    server: {
      unruly: 1 + roll(100_000),
      statusLimit: [3, 20, 1000][roll(3)]!,
      refuse,
      cutAfter: (connection) =>
        connection < cuts.length ? (connection === 0 ? 400 : 1) + (cuts[connection] ?? 0) : undefined,
    },
    client: {
      connections: 1 + roll(4),
      requestBytes: [5000, 65_536, 1e6][roll(3)]!,
      bytesInFlight: [1, 50_000, 1e7][roll(3)]!,
      reconnectAttempts: 20,
      connectSeconds: 5,
      clock: swift,
    },
  };
}

/** What the map calls zero is; what it calls data may be. In blocks of any size. */
function allocation({ disk, map }: Material): { length: number; state: number }[] {
  const runs: { length: number; state: number }[] = [];
  let end = 0;
  for (const { offset, length } of dataExtents(disk, map === 'exact' ? 4096 : 100_000)) {
    if (offset > end) runs.push({ length: offset - end, state: 3 });
    runs.push({ length, state: 0 });
    end = offset + length;
  }
  if (disk.length > end) runs.push({ length: disk.length - end, state: 3 });
  return runs;
}

export const failing = ({ cookie }: FakeRequest, structured: boolean): Buffer[] => [
  structured ? errorChunk(cookie, EIO, 'for a moment') : simpleReply(cookie, EIO),
];

export const SERVED_SOURCES: readonly SourceKind[] = [
  {
    name: 'NBD',
    sectors: false,
    async make(material) {
      const { disk } = material;
      const manner = nbdManner(material, disk.length);
      const threads = material.chance.roll(2) === 0;
      let current: Trouble | undefined;
      const server = await FakeNbdServer.start({
        exports: { x: { disk, blocks: manner.blocks, allocation: allocation(material) } },
        ...manner.server,
        onRequest: (request) =>
          request.type !== GOODBYE && current?.hiccup() ? failing(request, manner.structured) : undefined,
      });
      return {
        async open(trouble, from) {
          current = trouble;
          const reader = await openNbdReader(
            { ...at(server, 'x'), ...manner.client, readAttempts: 20, threads },
            never,
          );
          return watchedReader(reader, trouble, from, false);
        },
        strike: () => server.cutAll(),
        async stop() {
          await turnsUntil(() => server.open === 0);
          await server.stop();
          assert.deepEqual(server.mistakes, []);
        },
      };
    },
  },
  {
    name: 'ranges',
    sectors: false,
    async make({ disk, map, chance }) {
      const granule = map === 'exact' ? 512 : [4096, 65_536, 100_000][chance.roll(3)]!;
      const extents = dataExtents(disk, granule);
      let closed = 0;
      let opened = 0;
      return {
        async open(trouble, from) {
          opened += 1;
          const reader = rangeReader({
            size: disk.length,
            requestsAtOnce: 1 + chance.roll(8),
            ...(map === 'none' ? {} : { map: () => extents }),
            async readRange(offset, buffer, signal) {
              await swift.sleep(1, signal);
              const whole = !trouble.hiccup();
              const length = whole ? buffer.length : trouble.chance.roll(buffer.length);
              disk.copy(buffer, 0, offset, offset + length);
              if (whole) return;
              buffer.fill(0xee, length);
              throw new Passing('the answer broke off');
            },
            close: async () => {
              closed += 1;
            },
          });
          return watchedReader(reader, trouble, from, false);
        },
        async stop() {
          assert.equal(closed, opened);
        },
      };
    },
  },
];
