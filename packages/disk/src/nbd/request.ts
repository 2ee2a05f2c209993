import { Coverage } from './coverage.ts';
import { NbdServerError, protocolError } from './errors.ts';
import { COMMAND, REQUEST_MAGIC, type Command } from './protocol.ts';

/** A request as it is sent, without its data ("Request message"). `cookie` is a safe integer. */
export function encodeRequest(
  command: Command,
  flags: number,
  cookie: number,
  offset: number,
  length: number,
): Buffer {
  const head = Buffer.allocUnsafe(28);
  head.writeUInt32BE(REQUEST_MAGIC, 0);
  head.writeUInt16BE(flags, 4);
  head.writeUInt16BE(command, 6);
  writeSafe(head, cookie, 8);
  writeSafe(head, offset, 16);
  head.writeUInt32BE(length, 24);
  return head;
}

function writeSafe(buffer: Buffer, value: number, at: number): void {
  buffer.writeUInt32BE(Math.floor(value / 2 ** 32), at);
  buffer.writeUInt32BE(value % 2 ** 32, at + 4);
}

/** What of an answer is kept for block status: context number → descriptors, 8 bytes each. */
export type StatusChunks = ReadonlyMap<number, Buffer>;

const WORDS: Readonly<Record<Command, string>> = {
  [COMMAND.read]: 'read',
  [COMMAND.write]: 'write',
  [COMMAND.disconnect]: 'disconnect',
  [COMMAND.flush]: 'flush',
  [COMMAND.trim]: 'trim',
  [COMMAND.writeZeroes]: 'write zeroes to',
  [COMMAND.blockStatus]: 'tell what is allocated in',
};

/** Chunks of one reply that bring no data: errors, block status, and the end. */
const MOST_EMPTY_CHUNKS = 1000;

/** A request that waits for its reply, and what has come of that. Offsets are those of the export. */
export class Pending {
  readonly command: Command;
  readonly offset: number;
  readonly length: number;
  /** Milliseconds of the connection's clock. */
  readonly startedAt: number;
  /** Bytes of the budget that it holds. */
  readonly cost: number;
  /** Where a read's data goes; unset when nobody waits any more: then it is passed over. */
  into: Uint8Array | undefined;
  /** Set when the request's own data has left our memory. */
  sent = false;
  readonly status = new Map<number, Buffer>();
  readonly #settle: (error?: unknown) => void;
  readonly #coverage = new Coverage();
  #emptyChunks = 0;
  #error: { readonly error: number; readonly said: string } | undefined;

  constructor(
    request: Pick<Pending, 'command' | 'offset' | 'length' | 'startedAt' | 'cost' | 'into'>,
    settle: (error?: unknown) => void,
  ) {
    this.command = request.command;
    this.offset = request.offset;
    this.length = request.length;
    this.startedAt = request.startedAt;
    this.cost = request.cost;
    this.into = request.into;
    this.#settle = settle;
  }

  get what(): string {
    if (this.command === COMMAND.flush) return 'flush';
    return `${WORDS[this.command]} bytes ${this.offset} to ${this.offset + this.length}`;
  }

  /** Notes that data for [offset, offset + length) comes; answers where in the request that is. */
  expectContent(offset: number, length: number): number {
    if (this.command !== COMMAND.read)
      throw protocolError(`it sends data in reply to a request to ${this.what}`);
    if (offset < this.offset || length > this.offset + this.length - offset)
      throw protocolError(`asked to ${this.what}, it sends bytes ${offset} to ${offset + length}`);
    const at = offset - this.offset;
    if (!this.#coverage.add(at, at + length))
      throw protocolError(`asked to ${this.what}, it sends the same bytes twice, or in too many pieces`);
    return at;
  }

  /** "Each chunk MUST describe" something: those that do not are counted. */
  countEmptyChunk(): void {
    this.#emptyChunks += 1;
    if (this.#emptyChunks > MOST_EMPTY_CHUNKS)
      throw protocolError(`its reply to a request to ${this.what} has no end`);
  }

  noteError(error: number, said: string): void {
    this.#error ??= { error, said };
  }

  noteStatus(context: number, descriptors: Buffer): void {
    if (this.command !== COMMAND.blockStatus || this.status.has(context))
      throw protocolError(`it tells what is allocated in reply to a request to ${this.what}, or twice`);
    this.status.set(context, descriptors);
  }

  /** The reply is whole. Throws `NbdError` (`nbd_protocol`), too, if it claims success but lacks something. */
  finish(contexts: number): void {
    if (this.#error) return this.fail(new NbdServerError(this.what, this.#error.error, this.#error.said));
    const lack = this.#lack(contexts);
    if (lack === undefined) return this.#settle();
    const error = protocolError(lack);
    this.fail(error);
    throw error;
  }

  #lack(contexts: number): string | undefined {
    if (this.command === COMMAND.read && this.#coverage.total !== this.length)
      return `asked to ${this.what}, it sends ${this.#coverage.total} bytes`;
    if (this.command === COMMAND.blockStatus && this.status.size !== contexts)
      return 'it tells what is allocated, but not in every way that was agreed on';
    return undefined;
  }

  fail(error: unknown): void {
    this.into = undefined;
    this.#settle(error);
  }
}
