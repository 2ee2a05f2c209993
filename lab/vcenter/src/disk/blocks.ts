/** A set of block numbers as a bitmap. */
export class BlockSet {
  readonly count: number;
  readonly #bits: Uint8Array;

  constructor(count: number) {
    this.count = count;
    this.#bits = new Uint8Array(Math.ceil(count / 8));
  }

  has(block: number): boolean {
    return ((this.#bits[block >> 3] ?? 0) & (1 << (block & 7))) !== 0;
  }

  add(block: number): void {
    this.#bits[block >> 3] = (this.#bits[block >> 3] ?? 0) | (1 << (block & 7));
  }

  addAll(): void {
    this.#bits.fill(0xff);
  }

  copy(): BlockSet {
    const copy = new BlockSet(this.count);
    copy.#bits.set(this.#bits);
    return copy;
  }
}

/** A run of bytes. */
export interface Area {
  readonly start: number;
  readonly length: number;
}

/** Runs of blocks for which `test` holds, as areas of bytes from `from`, cut to `size`. */
export function areasWhere(
  test: (block: number) => boolean,
  blockSize: number,
  size: number,
  from: number,
): readonly Area[] {
  const areas: Area[] = [];
  const last = Math.ceil(size / blockSize);
  let start = -1;
  for (let block = Math.floor(from / blockSize); block <= last; block += 1) {
    const on = block < last && test(block);
    if (on && start < 0) start = Math.max(from, block * blockSize);
    if (!on && start >= 0) {
      areas.push({ start, length: Math.min(size, block * blockSize) - start });
      start = -1;
    }
  }
  return areas;
}
