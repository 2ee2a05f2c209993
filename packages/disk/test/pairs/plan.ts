import fc from 'fast-check';
import { ENDINGS, type Ending } from './trouble.ts';
import { SHAPES, type Shape } from './random-disk.ts';

const BLOCK = 64 * 1024;

/** One case: a disk, how it is copied, and what goes wrong. What is not told here follows of the seed. */
export interface CasePlan {
  readonly seed: number;
  readonly size: number;
  readonly shape: Shape;
  readonly map: 'exact' | 'coarse' | 'none';
  readonly chunkSize: number;
  /** Chunks of data between checkpoints. */
  readonly checkpointChunks: number;
  readonly depth: number;
  /** Threads take the chunks of files. */
  readonly threads: boolean;
  /** Chunks that the memory holds. */
  readonly memoryChunks: number;
  /** How the attempts end before the one that succeeds. */
  readonly endings: readonly Ending[];
  /** Of so many requests one fails for a passing reason; 0: none does. */
  readonly hiccups: number;
  /** Bytes after which connections to the source and to the target are cut. */
  readonly cuts: readonly number[];
  /** Bytes that the target has beyond the disk. */
  readonly extra: number;
}

const sizes = fc.oneof(
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 3000 }) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.integer({ min: 1, max: 12 }), fc.constantFrom(-513, -512, -1, 0, 1, 511, 512))
      .map(([blocks, more]) => blocks * BLOCK + more),
  },
  { weight: 4, arbitrary: fc.integer({ min: 3000, max: 900_000 }) },
);

/** Most cases have one or two, at any moment of the copy. */
const endings = fc.noBias(
  fc
    .tuple(
      fc.constantFrom(0, 1, 1, 2, 2, 3),
      fc.array(
        fc.record({
          how: fc.constantFrom(...ENDINGS, 'strike' as const, 'strike' as const),
          at: fc.integer({ min: 0, max: 999 }),
        }),
        {
          minLength: 3,
          maxLength: 3,
        },
      ),
    )
    .map(([count, all]) => all.slice(0, count)),
);

export const plans: fc.Arbitrary<CasePlan> = fc.record({
  seed: fc.integer({ min: 1, max: 1_000_000 }),
  size: fc.noBias(sizes),
  shape: fc.constantFrom(...SHAPES),
  map: fc.constantFrom('exact' as const, 'coarse' as const, 'none' as const),
  chunkSize: fc.constantFrom(BLOCK, BLOCK, BLOCK, 2 * BLOCK, 4 * BLOCK),
  checkpointChunks: fc.constantFrom(1, 1, 1, 2, 2, 4, 1000),
  depth: fc.integer({ min: 1, max: 6 }),
  threads: fc.boolean(),
  memoryChunks: fc.constantFrom(1, 2, 4, 64),
  endings,
  hiccups: fc.constantFrom(0, 3, 10, 30),
  cuts: fc.array(fc.nat(300_000), { maxLength: 3 }),
  extra: fc.oneof(fc.constant(0), fc.constantFrom(1, 512, BLOCK), fc.nat(200_000)),
});
