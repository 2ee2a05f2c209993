import assert from 'node:assert/strict';
import {
  type ChunkManifest,
  type CopyBudget,
  type CopyMemory,
  type DiskReader,
  type DiskStream,
  type DiskWriter,
  type Extent,
  repairDisk,
  verifyDisk,
  type VerifyResult,
} from '../../src/index.ts';
import { digestOf, toldDigests } from '../digest-of.ts';
import type { Dice } from '../dice.ts';
import { swift } from '../swift-clock.ts';
import type { CasePlan } from './plan.ts';
import type { Source } from './sources.ts';
import type { Target } from './targets.ts';
import type { Ending, Trouble } from './trouble.ts';

/** What is judged. */
export interface Copied {
  readonly disk: Buffer;
  readonly plan: CasePlan;
  readonly source: Source;
  readonly target: Target;
  readonly memory: CopyMemory;
  readonly budget: CopyBudget;
  readonly chance: Dice;
  trouble(ending: Ending | undefined): Trouble;
}

const { signal: never } = new AbortController();

const session = ({ budget, plan: { depth } }: Copied) => ({
  signal: never,
  depth: { first: depth, most: depth },
  budget,
  retry: { pauses: [0, 0, 0, 0, 0, 0, 0, 0], stallSeconds: 120 },
  clock: swift,
});

async function using<D extends { close(): Promise<void> }, T>(
  disk: D,
  work: (disk: D) => Promise<T>,
): Promise<T> {
  try {
    return await work(disk);
  } finally {
    await disk.close();
  }
}

/** Opens what may have a connection of it cut, as often as there are connections to cut. */
async function opened<T>(copied: Copied, open: () => Promise<T>): Promise<T> {
  for (let left = copied.plan.cuts.length; ; left -= 1)
    try {
      return await open();
    } catch (error) {
      if (left === 0) throw error;
      copied.trouble(undefined).assertMeant(error);
    }
}

function openSource(copied: Copied): Promise<DiskReader | DiskStream> {
  return opened(copied, () => {
    const trouble = copied.trouble(undefined);
    return trouble.calmly(() => copied.source.open(trouble, 0));
  });
}

async function verified(
  copied: Copied,
  manifest: ChunkManifest,
  disk: DiskReader | DiskStream,
  only?: readonly Extent[],
): Promise<VerifyResult> {
  let done = 0;
  const result = await verifyDisk({
    ...session(copied),
    manifest,
    reader: disk,
    only,
    onProgress: ({ bytesDone }) => {
      done = bytesDone;
    },
  });
  assert.equal(done, copied.disk.length);
  assert.equal(copied.memory.used, 0);
  return result;
}

async function assertSame({ disk, target, plan }: Copied, when: string): Promise<void> {
  const there = await target.bytes();
  if (!disk.equals(there.subarray(0, disk.length))) {
    const wrong = disk.findIndex((byte, at) => byte !== there[at]);
    throw new Error(`${when}: byte ${wrong} of ${disk.length} differs`);
  }
  const beyond = there.subarray(disk.length, there.length - target.behind.length);
  assert.ok(beyond.length === 0 || beyond.length === plan.extra);
  // What the writer has beyond the disk is zero, and what lies behind the writer's bytes is as it was.
  assert.ok(beyond.equals(Buffer.alloc(beyond.length)), `${when}: beyond the disk`);
  const rest = there.subarray(there.length - target.behind.length);
  assert.ok(rest.equals(target.behind), `${when}: behind the writer's bytes`);
}

/** The destination has the disk's bytes, the manifest their digests, and verification says so, at both ends. */
export async function assertCopied(copied: Copied, manifest: ChunkManifest): Promise<void> {
  const { disk, plan, target } = copied;
  await assertSame(copied, 'after the copy');
  const { pieces, key, ...rest } = manifest;
  assert.deepEqual(rest, { size: disk.length, chunkSize: plan.chunkSize, algorithm: 'aes-128-gmac' });
  const told = toldDigests(pieces);
  for (let at = 0; at < disk.length; at += plan.chunkSize)
    assert.equal(told.get(at / plan.chunkSize), digestOf(disk.subarray(at, at + plan.chunkSize), key));
  const sound = { mismatches: [], bytesChecked: disk.length };
  const there = await opened(copied, () => target.reader());
  assert.deepEqual(await using(there, (reader) => verified(copied, manifest, reader)), sound);
  const again = await openSource(copied);
  assert.deepEqual(await using(again, (reader) => verified(copied, manifest, reader)), sound);
}

/**
 * A byte of the destination is damaged: verification names its chunk and no other, and repair mends it.
 * @returns whether the format has a place for damage
 */
export async function assertMended(copied: Copied, manifest: ChunkManifest): Promise<boolean> {
  const { disk, plan, target, chance } = copied;
  const { flip, mend } = target;
  if (!flip || !mend) return false;
  const bad = [0, disk.length - 1, chance.roll(disk.length), chance.roll(disk.length)][chance.roll(4)]!;
  await flip(bad);
  const offset = bad - (bad % plan.chunkSize);
  const chunk = { offset, length: Math.min(plan.chunkSize, disk.length - offset) };
  const damaged = await opened(copied, () => target.reader());
  const { mismatches } = await using(damaged, (reader) => verified(copied, manifest, reader));
  assert.deepEqual(mismatches, [chunk]);
  const healthy = await openSource(copied);
  const result = await using(healthy, async (from) =>
    using<DiskWriter, Awaited<ReturnType<typeof repairDisk>>>(await opened(copied, mend), (to) =>
      repairDisk({ ...session(copied), source: from, target: to, manifest, extents: mismatches }),
    ),
  );
  assert.deepEqual(result.changed, []);
  assert.ok(result.bytesWritten <= chunk.length);
  await assertSame(copied, 'after the repair');
  const mended = await opened(copied, () => target.reader());
  const left = await using(mended, (reader) => verified(copied, manifest, reader, mismatches));
  assert.deepEqual(left.mismatches, []);
  return true;
}
