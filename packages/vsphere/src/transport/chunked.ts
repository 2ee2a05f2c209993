import { ProtocolError } from '../errors.ts';

/** A chunk's size and its extensions, or a line of the trailer, are not believed to be longer; nor the trailer. */
const LINE_BYTES = 4096;
const TRAILER_BYTES = 16 * 1024;
const [CR, LF] = [13, 10];

/**
 * Takes apart a body in chunks (RFC 9112, 7.1), however it is cut. Extensions and trailer fields are passed over.
 */
export class ChunkedBody {
  readonly #where: string;
  readonly #emit: (bytes: Uint8Array) => void;
  /** Of the chunk at hand. */
  #left = 0;
  #state: 'size' | 'data' | 'data end' | 'trailer' | 'over' = 'size';
  #line = '';
  #trailer = 0;

  /** @param emit is given the data, in the memory it came in */
  constructor(where: string, emit: (bytes: Uint8Array) => void) {
    this.#where = where;
    this.#emit = emit;
  }

  /** The last chunk and the trailer have come. */
  get over(): boolean {
    return this.#state === 'over';
  }

  /** @throws ProtocolError when it is not in chunks, or bytes come behind its end */
  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#state === 'data') {
        const part = bytes.subarray(at, at + this.#left);
        at += part.length;
        this.#left -= part.length;
        if (this.#left === 0) this.#state = 'data end';
        this.#emit(part);
      } else if (this.#state === 'over') throw this.#wrong('bytes come behind its end');
      else at = this.#text(bytes, at);
    }
  }

  /** Takes bytes of a line. @returns where it stopped */
  #text(bytes: Uint8Array, from: number): number {
    const end = bytes.indexOf(LF, from);
    const upTo = end < 0 ? bytes.length : end + 1;
    if (this.#line.length + upTo - from > LINE_BYTES) throw this.#wrong('a line is too long');
    this.#line += Buffer.from(bytes.buffer, bytes.byteOffset + from, upTo - from).toString('latin1');
    if (end < 0) return upTo;
    if (this.#line.charCodeAt(this.#line.length - 2) !== CR) throw this.#wrong('a line does not end in CRLF');
    const line = this.#line.slice(0, -2);
    this.#line = '';
    this.#take(line);
    return upTo;
  }

  #take(line: string): void {
    if (this.#state === 'size') {
      const size = /^([0-9a-f]{1,12})[ \t]*(?:;.*)?$/i.exec(line)?.[1];
      if (size === undefined) throw this.#wrong('a chunk has no size');
      this.#left = Number.parseInt(size, 16);
      this.#state = this.#left === 0 ? 'trailer' : 'data';
    } else if (this.#state === 'data end') {
      if (line !== '') throw this.#wrong('a chunk is longer than it says');
      this.#state = 'size';
    } else {
      this.#trailer += line.length;
      if (this.#trailer > TRAILER_BYTES) throw this.#wrong('its trailer is too long');
      if (line === '') this.#state = 'over';
    }
  }

  #wrong(why: string): ProtocolError {
    return new ProtocolError(`${this.#where}: the body in chunks is damaged: ${why}`);
  }
}
