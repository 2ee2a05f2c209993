/** A byte range and the smallest range of whole blocks around it. */
export interface BlockSpan {
  readonly start: number;
  readonly end: number;
  /** The whole blocks inside of it; empty (`innerEnd <= innerStart`) if there is none. */
  readonly innerStart: number;
  readonly innerEnd: number;
}

/** Where the blocks of a range begin and end. `block` is a power of two; all in bytes. */
export function blockSpan(offset: number, length: number, block: number): BlockSpan {
  const end = offset + length;
  const up = (value: number): number => Math.ceil(value / block) * block;
  const down = (value: number): number => value - (value % block);
  return { start: down(offset), end: up(end), innerStart: up(offset), innerEnd: down(end) };
}

/** Lets only one at a time work on a block: two that each change a part of it would undo each other. */
export class BlockLocks {
  readonly #last = new Map<number, Promise<unknown>>();

  async during<T>(block: number, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(block) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#last.set(block, mine);
    try {
      return await mine;
    } finally {
      if (this.#last.get(block) === mine) this.#last.delete(block);
    }
  }
}
