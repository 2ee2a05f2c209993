import type { Dice } from '../dice.ts';
import { randomBytesOf } from './random-disk.ts';

const SECTOR = 512;

/**
 * What a disk holds after its host crashed: of what was written and not flushed, each sector is there, or as it was
 * before, or torn, or something else altogether.
 * @param stable what flushes made safe
 * @param now what it held before the crash
 * @param size bytes of it that were written to at all
 */
export function afterCrash(stable: Buffer, now: Buffer, size: number, chance: Dice): Buffer {
  const after = Buffer.from(now);
  const garbage = randomBytesOf(now.length, chance.roll(1_000_000));
  const style = ['kept', 'lost', 'garbage', 'mixed', 'mixed'][chance.roll(5)];
  for (let at = 0; at < size; at += SECTOR) {
    const end = Math.min(size, at + SECTOR);
    if (now.subarray(at, end).equals(stable.subarray(at, end))) continue;
    const fate = style === 'mixed' ? ['kept', 'lost', 'garbage', 'torn'][chance.roll(4)] : style;
    if (fate === 'lost') stable.copy(after, at, at, end);
    if (fate === 'garbage') {
      // Of a sector that was written to in part the rest is as it was: kernels and disks see to that.
      const differs = (place: number): boolean => stable[place] !== now[place];
      let [first, last] = [at, end];
      while (!differs(first)) first += 1;
      while (!differs(last - 1)) last -= 1;
      garbage.copy(after, first, first, last);
    }
    if (fate === 'torn') stable.copy(after, at, at, at + chance.roll(end - at));
  }
  return after;
}
