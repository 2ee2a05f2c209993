import { createServer, type Server, type Socket } from 'node:net';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket, type TlsOptions } from 'node:tls';
import {
  Bytes,
  Gone,
  sizedName,
  dataChunk,
  errorChunk,
  optionReply,
  simpleReply,
  statusChunk,
  text,
  u16,
  u32,
  u64,
} from './nbd-messages.ts';
import { fragments, random, zeroMap } from './nbd-content.ts';

/**
 * A scripted NBD server for tests. It has its own idea of the protocol and shares no code with the client. By default it
 * behaves; every hook makes it misbehave.
 */

/** Transmission flags, by the letter of the document. */
export const FLAG = {
  has: 1,
  readOnly: 2,
  flush: 4,
  fua: 8,
  trim: 32,
  zeroes: 64,
  /** Never given: who negotiates structured replies gets it, as from nbdkit and qemu-nbd. */
  dontFragment: 128,
  multi: 256,
  fast: 2048,
};
export const ALL_FLAGS = FLAG.has | FLAG.flush | FLAG.fua | FLAG.trim | FLAG.zeroes | FLAG.multi | FLAG.fast;

export interface FakeRequest {
  readonly flags: number;
  readonly type: number;
  readonly cookie: bigint;
  readonly offset: number;
  readonly length: number;
  readonly data: Buffer;
}
/** A reply as the messages that make it up. */
export type FakeReply = Buffer[] | 'silence' | 'hang up';

export interface FakeExport {
  /** What it serves, and what writes change. */
  disk: Uint8Array;
  flags?: number;
  /** Minimum, preferred, maximum. */
  blocks?: readonly [number, number, number];
  /** Advertised size, where it is not the disk's. */
  size?: bigint;
  /** Flags of base:allocation per byte range, for [0, size); default: zeros in blocks of 4096 are holes. */
  allocation?: readonly { readonly length: number; readonly state: number }[];
  /** The same for qemu:dirty-bitmap:NAME. */
  bitmap?: {
    readonly name: string;
    readonly extents: readonly { readonly length: number; readonly state: number }[];
  };
}

export interface FakeOptions {
  readonly exports: Readonly<Record<string, FakeExport>>;
  /** Sent instead of the greeting. */
  readonly greeting?: Buffer;
  readonly handshakeFlags?: number;
  /** Option number → reply type of its refusal. */
  readonly refuse?: Readonly<Record<number, number>>;
  /** Replaces the replies to an option; each buffer is sent as it is. */
  readonly onOption?: (option: number, data: Buffer) => Buffer[] | undefined;
  /** Replaces the reply to a request. */
  readonly onRequest?: (request: FakeRequest, connection: number) => FakeReply | undefined;
  /** Replies in any order, interleaved, in fragments, and packets of any size; the number is a seed. */
  readonly unruly?: number;
  /** Destroys connection number n once it has sent so many bytes; none for undefined. */
  readonly cutAfter?: (connection: number) => number | undefined;
  /** After a goodbye it goes only once it sees the end of what the client sends, as nbdkit 1.42 does. */
  readonly lingers?: boolean;
  readonly tls?: TlsOptions;
  /** Most metadata descriptors of one reply. */
  readonly statusLimit?: number;
  /** Accepts that many connections; further ones are never spoken to. */
  readonly mostConnections?: number;
}

let sockets = 0;

export class FakeNbdServer {
  readonly path = join(tmpdir(), `guts-nbd-${process.pid}-${(sockets += 1)}.sock`);
  /** Connections so far. */
  connections = 0;
  /** Requests served, in order. */
  readonly served: FakeRequest[] = [];
  /** What a flush has put beyond a crash, per export. */
  readonly stable = new Map<string, Uint8Array>();
  /** What went wrong in the server itself. */
  readonly mistakes: unknown[] = [];
  options: FakeOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(options: FakeOptions) {
    this.options = options;
    for (const [name, { disk }] of Object.entries(options.exports)) this.stable.set(name, disk.slice());
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket));
      const number = this.connections;
      this.connections += 1;
      if (number >= (this.options.mostConnections ?? Infinity)) {
        socket.resume();
        return;
      }
      this.#serve(socket, number).catch((error: unknown) => {
        if (!(error instanceof Gone) && !isReset(error)) this.mistakes.push(error);
        socket.destroy();
      });
    });
  }

  static async start(options: FakeOptions): Promise<FakeNbdServer> {
    const server = new FakeNbdServer(options);
    await server.listen();
    return server;
  }
  async listen(): Promise<void> {
    rmSync(this.path, { force: true });
    await new Promise<void>((resolve) => this.#server.listen(this.path, resolve));
  }
  /** Open connections. */
  get open(): number {
    return this.#sockets.size;
  }
  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
  /** What no flush covered is gone, and so are all connections. */
  crash(): void {
    for (const [name, { disk }] of Object.entries(this.options.exports))
      disk.set(this.stable.get(name) ?? []);
    this.cutAll();
  }
  async stop(): Promise<void> {
    this.cutAll();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(raw: Socket, number: number): Promise<void> {
    const { options } = this;
    const cut = options.cutAfter?.(number);
    let sent = 0;
    let socket = raw;
    const send = (bytes: Buffer): void => {
      if (cut !== undefined && sent + bytes.length >= cut) {
        socket.end(bytes.subarray(0, cut - sent));
        socket.destroySoon();
        throw new Gone();
      }
      sent += bytes.length;
      socket.write(bytes);
    };
    send(
      options.greeting ??
        Buffer.concat([u64(0x4e42444d41474943n), u64(0x49484156454f5054n), u16(options.handshakeFlags ?? 3)]),
    );
    let bytes = new Bytes(socket);
    await bytes.take(4);
    const state: Session = { structured: false, contexts: [] };
    for (;;) {
      const head = await bytes.take(16);
      const option = head.readUInt32BE(8);
      const data = await bytes.take(head.readUInt32BE(12));
      const scripted = options.onOption?.(option, data);
      if (scripted) {
        for (const reply of scripted) send(reply);
        continue;
      }
      const refused = options.refuse?.[option];
      if (refused !== undefined) {
        send(optionReply(option, refused, Buffer.from('because of a test')));
        continue;
      }
      if (option === 2) throw new Gone();
      if (option === 5 && options.tls) {
        send(optionReply(5, 1));
        const secured = new TLSSocket(socket, { ...options.tls, isServer: true });
        secured.on('error', () => undefined);
        socket = secured;
        bytes = new Bytes(socket);
        continue;
      }
      const entered = this.#option(option, data, state, send);
      if (entered) {
        if (entered === 'none') throw new Gone();
        await this.#transmit(bytes, entered, state, number, send);
        return;
      }
    }
  }

  /** Answers an option; the export, once chosen. */
  #option(
    option: number,
    data: Buffer,
    state: Session,
    send: (bytes: Buffer) => void,
  ): Chosen | 'none' | undefined {
    const { exports } = this.options;
    if (option === 8) {
      state.structured = true;
      send(optionReply(8, 1));
    } else if (option === 3) {
      for (const name of Object.keys(exports))
        send(optionReply(3, 2, Buffer.concat([text(name), Buffer.from('a disk')])));
      send(optionReply(3, 1));
    } else if (option === 10) {
      const { name, rest } = sizedName(data);
      const item = exports[name];
      let left = rest.subarray(4);
      state.contexts = [];
      for (let count = rest.readUInt32BE(0); count > 0; count -= 1) {
        const query = sizedName(left);
        left = query.rest;
        const known =
          query.name === 'base:allocation' ||
          (item?.bitmap && query.name === `qemu:dirty-bitmap:${item.bitmap.name}`);
        if (!known) continue;
        const id = 7 + 11 * state.contexts.length;
        state.contexts.push({ id, name: query.name });
        send(optionReply(10, 4, Buffer.concat([u32(id), Buffer.from(query.name)])));
      }
      send(optionReply(10, 1));
    } else if (option === 7) {
      const { name } = sizedName(data);
      const item = exports[name];
      if (!item) {
        send(optionReply(7, 0x80000006));
        return undefined;
      }
      send(
        optionReply(
          7,
          3,
          Buffer.concat([u16(0), u64(item.size ?? item.disk.length), u16(advertised(item, state))]),
        ),
      );
      send(optionReply(7, 3, Buffer.concat([u16(77), Buffer.from('what nobody knows')])));
      if (item.blocks) send(optionReply(7, 3, Buffer.concat([u16(3), ...item.blocks.map(u32)])));
      send(optionReply(7, 1));
      return { name, item };
    } else if (option === 1) {
      const name = data.toString();
      const item = exports[name];
      if (!item) return 'none';
      const padding = ((this.options.handshakeFlags ?? 3) & 2) === 0 ? 124 : 0;
      send(
        Buffer.concat([
          u64(item.size ?? item.disk.length),
          u16(advertised(item, state)),
          Buffer.alloc(padding),
        ]),
      );
      return { name, item };
    } else send(optionReply(option, 0x80000001));
    return undefined;
  }

  async #transmit(
    bytes: Bytes,
    { name, item }: Chosen,
    state: Session,
    number: number,
    send: (bytes: Buffer) => void,
  ): Promise<void> {
    const { unruly } = this.options;
    const dice = random((unruly ?? 0) + 31 * number);
    const outbox: Buffer[][] = [];
    let pumping = false;
    let failed = false;
    const pump = (): void => {
      pumping = false;
      const turn = outbox[dice(outbox.length)];
      const message = turn?.shift();
      if (!turn || !message) return;
      if (turn.length === 0) outbox.splice(outbox.indexOf(turn), 1);
      try {
        for (let at = 0; at < message.length;) {
          const next = Math.min(message.length, at + 1 + dice(dice(6) === 0 ? 40 : 20_000));
          send(message.subarray(at, next));
          at = next;
        }
      } catch (error) {
        if (!(error instanceof Gone)) throw error;
        failed = true;
      }
      later();
    };
    const later = (): void => {
      if (pumping || failed || outbox.length === 0) return;
      pumping = true;
      setImmediate(pump);
    };
    for (;;) {
      const head = await bytes.take(28);
      if (head.readUInt32BE(0) !== 0x25609513) throw new Error('the client sent a request without its magic');
      const type = head.readUInt16BE(6);
      const length = head.readUInt32BE(24);
      const request: FakeRequest = {
        flags: head.readUInt16BE(4),
        type,
        cookie: head.readBigUInt64BE(8),
        offset: Number(head.readBigUInt64BE(16)),
        length,
        data: type === 1 ? Buffer.from(await bytes.take(length)) : Buffer.alloc(0),
      };
      this.served.push(request);
      if (type === 2 && this.options.lingers) await bytes.take(1);
      if (type === 2) throw new Gone();
      const reply =
        this.options.onRequest?.(request, number) ?? this.#reply(request, name, item, state, dice);
      if (reply === 'hang up') throw new Gone();
      if (reply === 'silence') continue;
      if (unruly === undefined) for (const message of reply) send(message);
      else if (reply.length > 0) {
        outbox.push([...reply]);
        later();
      }
    }
  }

  /** The honest reply. */
  #reply(
    request: FakeRequest,
    name: string,
    item: FakeExport,
    state: Session,
    dice: (below: number) => number,
  ): Buffer[] {
    const { cookie, offset, length, type, flags } = request;
    const { disk, blocks = [1, 4096, 2 ** 25] } = item;
    const error = (number: number): Buffer[] => [
      state.structured ? errorChunk(cookie, number, 'so it is') : simpleReply(cookie, number),
    ];
    if (type !== 3 && (offset % blocks[0] !== 0 || length % blocks[0] !== 0 || length === 0))
      return error(22);
    if (type <= 1 && length > blocks[2]) return error(22);
    if (offset + length > disk.length) return error(type === 0 ? 22 : 28);
    const writes = type === 1 || type === 4 || type === 6;
    if (writes && ((item.flags ?? ALL_FLAGS) & FLAG.readOnly) !== 0) return error(1);
    if (type === 1) disk.set(request.data, offset);
    else if (type === 6) {
      if ((flags & 16) !== 0 && ((item.flags ?? ALL_FLAGS) & FLAG.fast) === 0) return error(22);
      disk.fill(0, offset, offset + length);
    } else if (type === 4) disk.fill(0xdd, offset, offset + length);
    else if (type === 3) this.stable.set(name, disk.slice());
    else if (type === 7) return this.#status(request, item, state);
    if (writes && (flags & 1) !== 0)
      this.stable.get(name)?.set(disk.subarray(offset, offset + length), offset);
    if (type !== 0) return [simpleReply(cookie)];
    const data = disk.slice(offset, offset + length);
    if (!state.structured) return [simpleReply(cookie, 0, Buffer.from(data))];
    if (this.options.unruly === undefined) return [dataChunk(cookie, true, offset, data)];
    return fragments(cookie, offset, data, dice);
  }

  #status({ cookie, offset, length }: FakeRequest, item: FakeExport, state: Session): Buffer[] {
    const limit = this.options.statusLimit ?? 1000;
    return state.contexts.map(({ id, name }, index) => {
      const map =
        name === 'base:allocation' ? (item.allocation ?? zeroMap(item.disk)) : (item.bitmap?.extents ?? []);
      const found: [number, number][] = [];
      let at = 0;
      for (const { length: run, state: flags } of map) {
        const end = at + run;
        if (end > offset && at < offset + length && found.length < limit)
          found.push([end - Math.max(at, offset), flags]);
        at = end;
      }
      return statusChunk(cookie, index === state.contexts.length - 1, id, found);
    });
  }
}

const advertised = ({ flags = ALL_FLAGS }: FakeExport, { structured }: Session): number =>
  structured ? flags | FLAG.dontFragment : flags;

interface Session {
  structured: boolean;
  contexts: { readonly id: number; readonly name: string }[];
}
interface Chosen {
  readonly name: string;
  readonly item: FakeExport;
}

const isReset = (error: unknown): boolean =>
  ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED'].includes(
    String((error as NodeJS.ErrnoException).code),
  );
