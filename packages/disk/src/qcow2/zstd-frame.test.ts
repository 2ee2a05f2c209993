import { expect, test } from 'vitest';
import { zstdFrameLength } from './zstd-frame.ts';

/** A block's head: whether it is the last, its type (0 raw, 1 one byte repeated, 2 compressed), its size. */
const block = (last: number, type: number, size: number): number[] => {
  const head = last | (type << 1) | (size << 3);
  return [head & 255, (head >> 8) & 255, head >> 16];
};
const frame = (descriptor: number, fields: number, ...rest: number[][]): Uint8Array =>
  Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, descriptor, ...Array<number>(fields).fill(0), ...rest.flat()]);
const bytes = (count: number): number[] => Array<number>(count).fill(0xaa);

// Descriptor: size of the content's size (two bits), single segment, -, -, checksum, size of the dictionary's id (two bits).
test.each<[string, Uint8Array]>([
  ['a window and one raw block', frame(0b0000_0000, 1, block(1, 0, 7), bytes(7))],
  ['a single segment with its size in one byte', frame(0b0010_0000, 1, block(1, 2, 300), bytes(300))],
  ['a size in two bytes, a window and a checksum', frame(0b0100_0100, 3, block(1, 0, 0), bytes(4))],
  ['a size in four bytes and a dictionary of four', frame(0b1010_0011, 8, block(1, 0, 1), bytes(1))],
  ['a size in eight bytes', frame(0b1110_0000, 8, block(1, 0, 1), bytes(1))],
  [
    'a block that repeats one byte 131072 times',
    frame(0, 1, block(0, 1, 131_072), bytes(1), block(1, 0, 2), bytes(2)),
  ],
])('a frame of %s is as long as it is, whatever follows', (_name, whole) => {
  expect(zstdFrameLength(whole)).toBe(whole.length);
  expect(zstdFrameLength(Uint8Array.from([...whole, ...bytes(50)]))).toBe(whole.length);
  for (let length = 0; length < whole.length; length += 1)
    expect(() => zstdFrameLength(whole.subarray(0, length))).toThrow('ends too early');
});

test('what is no frame is said to be none', () => {
  expect(() => zstdFrameLength(Uint8Array.from(bytes(20)))).toThrow('no zstd frame');
});
