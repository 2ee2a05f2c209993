/** Deterministic chance for tests: the same seed, the same throws. */
export interface Dice {
  /** A whole number from 0 to below `sides`. */
  readonly roll: (sides: number) => number;
  readonly bytes: (length: number) => Buffer;
  readonly shuffled: <T>(items: readonly T[]) => T[];
}

export function dice(seed: number): Dice {
  let state = (seed * 2654435761) >>> 0 || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  for (let warm = 0; warm < 8; warm += 1) next();
  const roll = (sides: number): number => next() % sides;
  return {
    roll,
    bytes: (length) => Buffer.from(Array.from({ length }, () => next() & 255)),
    shuffled: (items) =>
      items
        .map((item) => ({ item, key: next() }))
        .sort((a, b) => a.key - b.key)
        .map(({ item }) => item),
  };
}

/** A disk of whole sectors: runs of zeros, of one byte (they shrink well) and of noise. */
export function randomDisk(sectors: number, seed: number): Buffer {
  const { roll, bytes } = dice(seed);
  const disk = Buffer.alloc(sectors * 512);
  for (let at = 0; at < disk.length;) {
    const length = Math.min(disk.length - at, 1 + roll(12) * 512 + roll(2) * roll(3000));
    const kind = roll(4);
    if (kind === 2) disk.fill(1 + roll(255), at, at + length);
    if (kind === 3) bytes(length).copy(disk, at);
    at += length;
  }
  return disk;
}
