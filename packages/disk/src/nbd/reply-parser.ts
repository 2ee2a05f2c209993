import { printable, protocolError } from './errors.ts';
import {
  CHUNK,
  CHUNK_DONE,
  CHUNK_IS_ERROR,
  COMMAND,
  MAX_DESCRIPTORS,
  MAX_STRING,
  SIMPLE_REPLY_MAGIC,
  STRUCTURED_REPLY_MAGIC,
} from './protocol.ts';
import type { Pending } from './request.ts';

export interface ReplyContext {
  /** Structured replies were agreed on. */
  readonly structured: boolean;
  /** Numbers of the selected metadata contexts. */
  readonly contexts: ReadonlySet<number>;
  /** The request that waits under a cookie. */
  readonly find: (cookie: number) => Pending | undefined;
  /** Its reply is whole: it waits no more. */
  readonly done: (cookie: number, request: Pending) => void;
}

/** Errors carry a string of at most 4096 bytes and little else. */
const ERROR_LIMIT = MAX_STRING + 64;
const STATUS_LIMIT = 4 + 8 * MAX_DESCRIPTORS;

/** The parts of a message that are gathered before they are looked at. */
type Step = 'head' | 'length' | 'dataOffset' | 'hole' | 'error' | 'status';

/**
 * Takes a server's replies apart as they arrive, in pieces of any size ("Simple reply message", "Structured reply
 * chunk message"). Data goes straight to where its reader wants it; nothing else is kept but the part of a message that
 * is not whole yet, at most 8 MiB (block status) and otherwise 4 KiB.
 */
export class ReplyParser {
  readonly #context: ReplyContext;
  /** What to do with the next `#need` bytes. */
  #step: Step = 'head';
  #need = 16;
  /** Part of those bytes, where they come in pieces. */
  #partial = Buffer.alloc(0);
  #have = 0;
  /** Data that is passed on rather than gathered. */
  #dataLeft = 0;
  #dataAt = 0;
  #cookie = 0;
  #request: Pending | undefined;
  #last = false;
  #type = 0;

  constructor(context: ReplyContext) {
    this.#context = context;
  }

  /** Throws `NbdError` (`nbd_protocol`) on what may not be sent; the parser is of no use afterwards. */
  push(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#dataLeft > 0) {
        const end = Math.min(bytes.length, at + this.#dataLeft);
        this.#data(bytes, at, end);
        at = end;
      } else if (this.#have === 0 && bytes.length - at >= this.#need) {
        const whole = bytes.subarray(at, at + this.#need);
        at += this.#need;
        this.#take(whole);
      } else {
        if (this.#partial.length < this.#need) this.#partial = Buffer.allocUnsafe(this.#need);
        const copied = bytes.copy(this.#partial, this.#have, at, at + this.#need - this.#have);
        at += copied;
        this.#have += copied;
        if (this.#have < this.#need) continue;
        const whole = this.#partial.subarray(0, this.#need);
        this.#have = 0;
        // Small memory is kept for the next message; that of a long one goes to whom it is for.
        if (this.#need > ERROR_LIMIT) this.#partial = Buffer.alloc(0);
        this.#take(whole);
      }
    }
  }

  #expect(length: number, step: Step): void {
    this.#need = length;
    this.#step = step;
  }

  #take(bytes: Buffer): void {
    switch (this.#step) {
      case 'head':
        return this.#head(bytes);
      case 'length':
        return this.#length(bytes);
      case 'dataOffset':
        return this.#dataOffset(bytes);
      case 'hole':
        return this.#hole(bytes);
      case 'error':
        return this.#error(bytes);
      case 'status':
        return this.#status(bytes);
    }
  }

  #head(bytes: Buffer): void {
    const magic = bytes.readUInt32BE(0);
    const cookie = bytes.readUInt32BE(8) * 2 ** 32 + bytes.readUInt32BE(12);
    const request = this.#context.find(cookie);
    if (magic !== SIMPLE_REPLY_MAGIC && magic !== STRUCTURED_REPLY_MAGIC)
      throw protocolError('a reply does not begin with a magic number');
    if (!request) throw protocolError('it replies to a request that does not wait for a reply');
    this.#cookie = cookie;
    this.#request = request;
    if (magic === SIMPLE_REPLY_MAGIC) this.#simple(request, bytes.readUInt32BE(4));
    else {
      if (!this.#context.structured)
        throw protocolError('it sends a structured reply, which was not agreed on');
      this.#last = (bytes.readUInt16BE(4) & CHUNK_DONE) !== 0;
      this.#type = bytes.readUInt16BE(6);
      this.#expect(4, 'length');
    }
  }

  #simple(request: Pending, error: number): void {
    const { command } = request;
    if (this.#context.structured && command === COMMAND.read)
      throw protocolError(`asked to ${request.what}, it sends no structured reply`);
    this.#last = true;
    if (error !== 0) request.noteError(error, '');
    if (error === 0 && command === COMMAND.read) {
      this.#dataAt = request.expectContent(request.offset, request.length);
      this.#dataLeft = request.length;
    } else this.#endOfMessage();
  }

  #length(bytes: Buffer): void {
    const request = this.#current();
    const length = bytes.readUInt32BE(0);
    const wrong = (): Error =>
      protocolError(
        `a chunk of type ${this.#type} in reply to a request to ${request.what} has ${length} bytes`,
      );
    if ((this.#type & CHUNK_IS_ERROR) !== 0) {
      request.countEmptyChunk();
      if (length < 6 || length > ERROR_LIMIT) throw wrong();
      return this.#expect(length, 'error');
    }
    switch (this.#type) {
      case CHUNK.none:
        request.countEmptyChunk();
        if (length !== 0 || !this.#last) throw wrong();
        return this.#endOfMessage();
      case CHUNK.offsetData:
        if (length < 9 || length - 8 > request.length) throw wrong();
        this.#dataAt = length - 8;
        return this.#expect(8, 'dataOffset');
      case CHUNK.offsetHole:
        if (length !== 12) throw wrong();
        return this.#expect(12, 'hole');
      case CHUNK.blockStatus:
        request.countEmptyChunk();
        if (
          request.command !== COMMAND.blockStatus ||
          length < 12 ||
          length % 8 !== 4 ||
          length > STATUS_LIMIT
        )
          throw wrong();
        return this.#expect(length, 'status');
      default:
        throw protocolError(`it sends a chunk of the unknown type ${this.#type}`);
    }
  }

  #dataOffset(bytes: Buffer): void {
    const length = this.#dataAt;
    this.#dataAt = this.#current().expectContent(readOffset(bytes, 0), length);
    this.#dataLeft = length;
  }

  #data(bytes: Buffer, from: number, to: number): void {
    const into = this.#current().into;
    if (into) bytes.copy(into, this.#dataAt, from, to);
    this.#dataAt += to - from;
    this.#dataLeft -= to - from;
    if (this.#dataLeft === 0) this.#endOfMessage();
  }

  #hole(bytes: Buffer): void {
    const request = this.#current();
    const length = bytes.readUInt32BE(8);
    if (length === 0) throw protocolError('it sends a hole of no bytes');
    const at = request.expectContent(readOffset(bytes, 0), length);
    request.into?.fill(0, at, at + length);
    this.#endOfMessage();
  }

  #error(bytes: Buffer): void {
    const request = this.#current();
    const error = bytes.readUInt32BE(0);
    const words = bytes.readUInt16BE(4);
    const rest = this.#type === CHUNK.errorOffset ? 8 : 0;
    if (error === 0 || words > MAX_STRING || words > bytes.length - 6 - rest)
      throw protocolError(`its error in reply to a request to ${request.what} cannot be read`);
    if (rest > 0) {
      const offset = readOffset(bytes, 6 + words);
      if (offset < request.offset || offset > request.offset + request.length)
        throw protocolError(`asked to ${request.what}, it reports an error at byte ${offset}`);
    }
    request.noteError(error, printable(bytes.subarray(6, 6 + words)));
    this.#endOfMessage();
  }

  #status(bytes: Buffer): void {
    const context = bytes.readUInt32BE(0);
    if (!this.#context.contexts.has(context))
      throw protocolError('it tells of metadata that was not agreed on');
    this.#current().noteStatus(context, Buffer.from(bytes.subarray(4)));
    this.#endOfMessage();
  }

  #endOfMessage(): void {
    const request = this.#current();
    this.#expect(16, 'head');
    this.#request = undefined;
    if (!this.#last) return;
    this.#context.done(this.#cookie, request);
    request.finish(this.#context.contexts.size);
  }

  #current(): Pending {
    if (!this.#request) throw new Error('no reply is being read');
    return this.#request;
  }
}

/** An offset; what is beyond exact numbers lies outside of every request anyway. */
function readOffset(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);
}
