import { randomBytes } from 'node:crypto';

/**
 * The content id of a disk's present link: eight hex digits that change with the first write after each opening of
 * the disk (VMware "Virtual Disk Format 5.0", The Header: CID).
 */
export class ContentId {
  #value = 'fffffffe';
  #changed = false;

  get value(): string {
    return this.#value;
  }

  /** The machine starts, or a snapshot gives the disk a new link. */
  opened(): void {
    this.#changed = false;
  }

  /** @param running by a machine that keeps the disk open; whoever else writes opens it each time */
  written(running: boolean): void {
    if (running && this.#changed) return;
    // The first bit is clear: never ffffffff, which means that there is no parent.
    this.#value = (randomBytes(4).readUInt32BE() & 0x7fffffff).toString(16).padStart(8, '0');
    this.#changed = running;
  }
}
