import type { Socket } from 'node:net';

/** Messages of an NBD server, by the protocol's text alone: nothing is shared with the client. */
export const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
export const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
};
export const u64 = (value: bigint | number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
};
export const text = (value: string): Buffer =>
  Buffer.concat([u32(Buffer.byteLength(value)), Buffer.from(value)]);

export const optionReply = (option: number, type: number, data: Buffer = Buffer.alloc(0)): Buffer =>
  Buffer.concat([u64(0x3e889045565a9n), u32(option), u32(type), u32(data.length), data]);
export const simpleReply = (cookie: bigint, error = 0, data: Buffer = Buffer.alloc(0)): Buffer =>
  Buffer.concat([u32(0x67446698), u32(error), u64(cookie), data]);
export const chunk = (
  cookie: bigint,
  done: boolean,
  type: number,
  payload: Buffer = Buffer.alloc(0),
): Buffer =>
  Buffer.concat([u32(0x668e33ef), u16(done ? 1 : 0), u16(type), u64(cookie), u32(payload.length), payload]);
export const dataChunk = (cookie: bigint, done: boolean, offset: number, data: Uint8Array): Buffer =>
  chunk(cookie, done, 1, Buffer.concat([u64(offset), data]));
export const holeChunk = (cookie: bigint, done: boolean, offset: number, length: number): Buffer =>
  chunk(cookie, done, 2, Buffer.concat([u64(offset), u32(length)]));
export const errorChunk = (cookie: bigint, error: number, words = '', offset?: number): Buffer =>
  chunk(
    cookie,
    true,
    offset === undefined ? 0x8001 : 0x8002,
    Buffer.concat([
      u32(error),
      u16(Buffer.byteLength(words)),
      Buffer.from(words),
      offset === undefined ? Buffer.alloc(0) : u64(offset),
    ]),
  );
export const statusChunk = (
  cookie: bigint,
  done: boolean,
  context: number,
  extents: readonly (readonly [number, number])[],
): Buffer => chunk(cookie, done, 5, Buffer.concat([u32(context), ...extents.flat().map(u32)]));

/** The end of a connection, seen by who reads it. */
export class Gone extends Error {}

/** What a client sends, in the lengths that are asked for. */
export class Bytes {
  #parts: Buffer = Buffer.alloc(0);
  readonly #iterator: AsyncIterator<Buffer>;
  constructor(socket: Socket) {
    this.#iterator = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }
  async take(length: number): Promise<Buffer> {
    while (this.#parts.length < length) {
      const next = await this.#iterator.next();
      if (next.done === true) throw new Gone();
      this.#parts = Buffer.concat([this.#parts, next.value]);
    }
    const taken = this.#parts.subarray(0, length);
    this.#parts = this.#parts.subarray(length);
    return taken;
  }
}

/** A name behind its length, and what follows. */
export function sizedName(data: Buffer): { name: string; rest: Buffer } {
  const length = data.readUInt32BE(0);
  return { name: data.toString('utf8', 4, 4 + length), rest: data.subarray(4 + length) };
}
