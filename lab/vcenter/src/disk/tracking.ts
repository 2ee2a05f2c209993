import { randomBytes } from 'node:crypto';
import { areasWhere, type Area } from './blocks.ts';
import { BLOCK } from './disk.ts';

/** Which blocks changed in which period, up to one moment. */
export interface TrackingMoment {
  readonly changeId: string;
  readonly marks: ReadonlyMap<number, number>;
}

/**
 * Changed block tracking of one disk. Time is cut into numbered periods; a change id names a period's start, and every
 * written block remembers the last period in which it was written.
 */
export class Tracking {
  #uuid = newUuid();
  #period = 1;
  #marks = new Map<number, number>();

  /** The id of the present period. */
  get changeId(): string {
    return `${this.#uuid}/${this.#period}`;
  }

  written(offset: number, length: number): void {
    const last = Math.floor((offset + length - 1) / BLOCK);
    for (let block = Math.floor(offset / BLOCK); block <= last; block += 1)
      this.#marks.set(block, this.#period);
  }

  /** Starts a new period and gives the moment that separates it from what was before. */
  cut(): TrackingMoment {
    this.#period += 1;
    return { changeId: this.changeId, marks: new Map(this.#marks) };
  }

  /** The present moment, without a cut. */
  now(): TrackingMoment {
    return { changeId: this.changeId, marks: this.#marks };
  }

  /** Forgets everything: ids given before name nothing any more. */
  reset(): void {
    this.#uuid = newUuid();
    this.#period = 1;
    this.#marks = new Map();
  }
}

/**
 * Areas changed after `changeId` and before `moment`, from byte `from` on; undefined when the id is none of this
 * tracking's or lies after the moment.
 */
export function changedSince(
  moment: TrackingMoment,
  changeId: string,
  size: number,
  from: number,
): readonly Area[] | undefined {
  const [uuid, period] = splitId(changeId);
  const [ownUuid, ownPeriod] = splitId(moment.changeId);
  if (uuid !== ownUuid || !Number.isInteger(period) || period < 1 || period > ownPeriod) return undefined;
  return areasWhere((block) => (moment.marks.get(block) ?? 0) >= period, BLOCK, size, from);
}

function splitId(id: string): [string, number] {
  const slash = id.lastIndexOf('/');
  return [id.slice(0, slash), slash < 0 ? Number.NaN : Number(id.slice(slash + 1))];
}

/** Written as vSphere writes it: hexadecimal bytes with blanks and one hyphen. */
function newUuid(): string {
  const bytes = Array.from(randomBytes(16), (b) => b.toString(16).padStart(2, '0'));
  return `${bytes.slice(0, 8).join(' ')}-${bytes.slice(8).join(' ')}`;
}
