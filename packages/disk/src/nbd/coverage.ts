/** Pieces that may lie apart at once: servers send a reply's pieces almost in order. */
const MOST_PIECES = 16 * 1024;

/** Which part of a reply has come. Pieces may come in any order but never twice. */
export class Coverage {
  /** Starts and ends in turn, ascending; touching pieces are joined. */
  readonly #bounds: number[] = [];
  /** Bytes that have come. */
  total = 0;

  /** Adds [start, end). Answers false if a part of it has come before, or there are too many pieces. */
  add(start: number, end: number): boolean {
    const bounds = this.#bounds;
    const last = bounds.at(-1);
    if (last === undefined || start > last) bounds.push(start, end);
    else if (start === last) bounds[bounds.length - 1] = end;
    else if (!this.#insert(start, end)) return false;
    this.total += end - start;
    return bounds.length <= 2 * MOST_PIECES;
  }

  #insert(start: number, end: number): boolean {
    const bounds = this.#bounds;
    let low = 0;
    let high = bounds.length / 2;
    // The first piece that ends behind `start`.
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((bounds[2 * middle + 1] ?? 0) > start) high = middle;
      else low = middle + 1;
    }
    const next = bounds[2 * low];
    if (next !== undefined && next < end) return false;
    const joinsBefore = low > 0 && bounds[2 * low - 1] === start;
    const joinsNext = next === end;
    if (joinsBefore && joinsNext) bounds.splice(2 * low - 1, 2);
    else if (joinsBefore) bounds[2 * low - 1] = end;
    else if (joinsNext) bounds[2 * low] = start;
    else bounds.splice(2 * low, 0, start, end);
    return true;
  }
}
