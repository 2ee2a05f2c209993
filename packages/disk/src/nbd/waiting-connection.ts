import { readSync, writeSync } from 'node:fs';
import { closeUnix, connectUnix, isTimeOut } from '../linux/unix-socket.ts';
import { NbdError, NbdServerError, protocolError } from './errors.ts';
import type { LocalExport } from './local-export.ts';
import {
  COMMAND,
  EXPORT_FLAG,
  HANDSHAKE,
  INFO,
  INIT_MAGIC,
  OPTION,
  OPTION_MAGIC,
  OPTION_REPLY,
  OPTION_REPLY_MAGIC,
  SIMPLE_REPLY_MAGIC,
} from './protocol.ts';
import { encodeRequest } from './request.ts';

/** How long a call waits before it is asked whether to go on. */
const WAIT_SECONDS = 1;
/** Waits for any part of the handshake: a server that takes no further connections may say nothing at all. */
const HANDSHAKE_WAITS = 5;
/** Of an option's reply that is passed over; bytes. */
const LONGEST_REPLY = 64 * 1024;
const SIMPLE_REPLY_BYTES = 16;

/** Flags that are the export's; what else there is depends on what a client negotiates, which is less here. */
const lasting = (flags: number): number => flags & ~EXPORT_FLAG.dontFragment;

interface Piece {
  readonly at: number;
  readonly length: number;
}

/**
 * A connection to an export that reads by calls that wait, for a thread that has nothing else to do. What it reads
 * comes from the socket straight to its place, without a way through Node's streams. Only what an export that is open
 * already needs: no TLS, no writes, no structured replies. Whoever gets an error from it uses it no more.
 */
export class WaitingConnection {
  readonly #fd: number;
  readonly #export: LocalExport;
  readonly #goOn: () => void;
  readonly #head = Buffer.alloc(SIMPLE_REPLY_BYTES);
  #cookie = 0;
  /** How often a call may wait its time in vain. */
  #waits = HANDSHAKE_WAITS;

  /**
   * @param goOn asked before each call, and whenever one has waited long; throws to end it
   * @throws NbdError, what `goOn` throws, or the system's error
   */
  constructor(local: LocalExport, goOn: () => void) {
    this.#export = local;
    this.#goOn = goOn;
    this.#fd = connectUnix(local.path, WAIT_SECONDS);
    try {
      this.#negotiate();
      // From here on whoever asks watches whether it moves.
      this.#waits = Number.POSITIVE_INFINITY;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Reads whole blocks to their places: [from, to) of the memory is what lies at `offset` + from of the export. */
  read(offset: number, memory: Uint8Array, from: number, to: number): void {
    const pieces = new Map<number, Piece>();
    const requests: Buffer[] = [];
    for (let at = from; at < to; at += this.#export.requestBytes) {
      const length = Math.min(this.#export.requestBytes, to - at);
      this.#cookie += 1;
      pieces.set(this.#cookie, { at, length });
      requests.push(encodeRequest(COMMAND.read, 0, this.#cookie, offset + at, length));
    }
    // All of them at once: the server works on one while another's bytes are taken.
    this.#send(Buffer.concat(requests));
    while (pieces.size > 0) {
      this.#receive(this.#head, 0, SIMPLE_REPLY_BYTES);
      if (this.#head.readUInt32BE(0) !== SIMPLE_REPLY_MAGIC) throw protocolError('its reply is none');
      const cookie = Number(this.#head.readBigUInt64BE(8));
      const piece = pieces.get(cookie);
      if (!piece) throw protocolError('it answers what it was not asked');
      pieces.delete(cookie);
      const error = this.#head.readUInt32BE(4);
      if (error !== 0) throw new NbdServerError('read', error);
      this.#receive(memory, piece.at, piece.at + piece.length);
    }
  }

  close(): void {
    closeUnix(this.#fd);
  }

  /** "Fixed newstyle negotiation", with the option `NBD_OPT_GO` alone. */
  #negotiate(): void {
    const hello = this.#take(18);
    if (hello.readBigUInt64BE(0) !== INIT_MAGIC || hello.readBigUInt64BE(8) !== OPTION_MAGIC)
      throw protocolError('it does not begin as one');
    const offered = hello.readUInt16BE(16);
    const name = Buffer.from(this.#export.exportName);
    const go = Buffer.alloc(4 + 16 + 4 + name.length + 2);
    go.writeUInt32BE(offered & (HANDSHAKE.fixedNewstyle | HANDSHAKE.noZeroes), 0);
    go.writeBigUInt64BE(OPTION_MAGIC, 4);
    go.writeUInt32BE(OPTION.go, 12);
    go.writeUInt32BE(4 + name.length + 2, 16);
    go.writeUInt32BE(name.length, 20);
    name.copy(go, 24);
    this.#send(go);
    let same = false;
    for (;;) {
      const head = this.#take(20);
      if (head.readBigUInt64BE(0) !== OPTION_REPLY_MAGIC)
        throw protocolError('its reply to an option is none');
      const type = head.readUInt32BE(12);
      const length = head.readUInt32BE(16);
      if (length > LONGEST_REPLY) throw protocolError('its reply to an option has no end');
      const data = this.#take(length);
      if (type === OPTION_REPLY.ack) break;
      if (type !== OPTION_REPLY.info) throw new NbdError('nbd_refused', 'the NBD server refuses the export');
      if (length === 12 && data.readUInt16BE(0) === INFO.export)
        same =
          data.readBigUInt64BE(2) === BigInt(this.#export.size) &&
          lasting(data.readUInt16BE(10)) === lasting(this.#export.flags);
    }
    if (!same)
      throw new NbdError('nbd_export_changed', 'the NBD export is not what it was when it was opened');
  }

  #take(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    this.#receive(bytes, 0, length);
    return bytes;
  }

  #receive(into: Uint8Array, from: number, to: number): void {
    for (let at = from; at < to;) {
      const got = this.#patiently(() => readSync(this.#fd, into, at, to - at, null));
      if (got === 0) throw new NbdError('nbd_connection_lost', 'the NBD server closed the connection');
      at += got;
    }
  }

  #send(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;)
      at += this.#patiently(() => writeSync(this.#fd, bytes, at, bytes.length - at, null));
  }

  #patiently(call: () => number): number {
    for (let waits = 0; ; waits += 1) {
      this.#goOn();
      try {
        return call();
      } catch (error) {
        if (!isTimeOut(error)) throw error;
        if (waits >= this.#waits) throw new NbdError('nbd_stalled', 'the NBD server says nothing');
      }
    }
  }
}
