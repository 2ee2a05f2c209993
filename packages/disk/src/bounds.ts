import { DiskUsageError } from './errors.ts';

/** Throws unless `value` is a whole number of bytes that arithmetic keeps exact. */
export function assertBytes(value: number, name: string): void {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new DiskUsageError(`${name} must be a whole number of bytes from 0 to 2^53-1, not ${value}`);
}

/** Throws unless [offset, offset + length) lies inside a disk of `size` bytes. */
export function assertInside(offset: number, length: number, size: number): void {
  assertBytes(offset, 'offset');
  assertBytes(length, 'length');
  if (length > size - offset)
    throw new DiskUsageError(`bytes ${offset} to ${offset + length} lie outside a disk of ${size} bytes`);
}
