import { setImmediate as nextTurn } from 'node:timers/promises';
import { orAbort } from '../abort.ts';
import { systemClock, type CopyClock } from '../copy/clock.ts';
import { DiskUsageError } from '../errors.ts';
import { Budget } from '../budget.ts';
import { NbdError, NbdServerError } from './errors.ts';
import { enterExport, greet, type Handshake, type NbdExport } from './negotiate.ts';
import { encodeOption } from './options.ts';
import { COMMAND, OPTION, type Command } from './protocol.ts';
import { ReplyParser } from './reply-parser.ts';
import { encodeRequest, Pending, type StatusChunks } from './request.ts';
import type { NbdTls } from './tls.ts';
import { Transport } from './transport.ts';
import type { NbdTarget } from './uri.ts';

/** How long to wait for a server, and how much to ask of it at once. */
interface NbdLimits {
  /** For connecting and the whole handshake. Seconds; default 30. */
  readonly connectSeconds?: number;
  /** Without a byte in either direction while a request waits. Seconds; default 60. */
  readonly stallSeconds?: number;
  /** For one request, whatever else moves. Seconds; default 600. */
  readonly requestSeconds?: number;
  /** Data of the requests under way on one connection. Bytes; default 16 MiB. */
  readonly bytesInFlight?: number;
  readonly clock?: CopyClock;
}

export interface NbdSession extends NbdLimits {
  readonly target: NbdTarget;
  readonly tls?: NbdTls;
}

/** What a request costs of the budget beside its data: so that small ones are bounded, too. */
const REQUEST_COST = 4096;
const NO_DATA = new Uint8Array(0);
/** For the server to close a connection that we have said goodbye on. */
const GOODBYE_SECONDS = 5;

/**
 * Connects and shakes hands within the time for it, then gives the session to `work`. Ends the session politely
 * if that fails ("Termination of the session during option haggling").
 */
export async function withHandshake<T>(
  { target, tls, connectSeconds = 30, clock = systemClock }: NbdSession,
  signal: AbortSignal,
  work: (handshake: Handshake) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const over = new AbortController();
  const timer = clock.sleep(connectSeconds * 1000, over.signal).then(
    () =>
      late.abort(
        new NbdError(
          'nbd_stalled',
          `the NBD server did not finish its greeting within ${connectSeconds} seconds`,
        ),
      ),
    () => undefined,
  );
  const either = AbortSignal.any([signal, late.signal]);
  let transport: Transport | undefined;
  try {
    transport = await Transport.connect(target.address, either);
    const handshake = await orAbort(greet(transport, target, tls, either), either);
    return await orAbort(work(handshake), either);
  } catch (error) {
    // When aborted, the server may be past its options already; and some who answer speak no such protocol.
    const speaksOptions = !(
      error instanceof NbdError && ['nbd_protocol', 'nbd_too_old'].includes(error.code)
    );
    if (speaksOptions && !either.aborted) transport?.send(encodeOption(OPTION.abort), undefined);
    transport?.finish(lost('the handshake failed'));
    throw error;
  } finally {
    over.abort();
    await timer;
  }
}

const lost = (why: string): NbdError => new NbdError('nbd_connection_lost', why);

/**
 * One connection to one export, with as many requests under way as the budget allows; their replies come in any
 * order. Offsets and lengths are bytes and must keep to the export's block sizes.
 * A request fails with `NbdServerError` if the server says so, and with the `NbdError` that ended the connection
 * otherwise; with its signal's reason when aborted.
 */
export class NbdConnection {
  readonly export: NbdExport;
  /** Resolves with the reason when the connection is over or takes no more requests. */
  readonly over: Promise<NbdError>;
  readonly #transport: Transport;
  readonly #clock: CopyClock;
  readonly #stallMilliseconds: number;
  readonly #requestMilliseconds: number;
  readonly #budget: Budget;
  readonly #waiting = new Map<number, Pending>();
  readonly #ended = new AbortController();
  #reason: NbdError | undefined;
  #sayOver: (reason: NbdError) => void = () => undefined;
  #cookie = 0;
  #progressAt = 0;
  #watching = false;
  #closing: Promise<void> | undefined;

  private constructor(session: NbdSession, handshake: Handshake, agreed: NbdExport) {
    this.export = agreed;
    this.#transport = handshake.transport;
    this.#clock = session.clock ?? systemClock;
    this.#stallMilliseconds = (session.stallSeconds ?? 60) * 1000;
    this.#requestMilliseconds = (session.requestSeconds ?? 600) * 1000;
    this.#budget = new Budget(session.bytesInFlight ?? 16 * 1024 * 1024);
    this.over = new Promise((resolve) => {
      this.#sayOver = resolve;
    });
    const parser = new ReplyParser({
      structured: agreed.structured,
      contexts: new Set(agreed.contexts.values()),
      find: (cookie) => this.#waiting.get(cookie),
      done: (cookie, request) => this.#release(cookie, request),
    });
    this.#transport.use(
      (bytes) => {
        this.#progressAt = this.#clock.monotonic();
        parser.push(bytes);
        this.#closeWhenIdle();
      },
      (reason) => this.#end(reason),
    );
  }

  /** Throws `NbdError` for each way in which a server can refuse, `UnsupportedDiskError` for an export beyond use. */
  static open(session: NbdSession, contexts: readonly string[], signal: AbortSignal): Promise<NbdConnection> {
    return withHandshake(session, signal, async (handshake) => {
      const agreed = await enterExport(handshake, session.target.exportName, contexts);
      const connection = new NbdConnection(session, handshake, agreed);
      // What follows the handshake unasked is in reply to nothing.
      if (handshake.inbox.unread > 0)
        connection.#transport.receive(await handshake.inbox.take(handshake.inbox.unread));
      return connection;
    });
  }

  /** Bytes under way and waiting for their turn. */
  get load(): number {
    return this.#budget.load;
  }

  /** Whether it takes requests. */
  get usable(): boolean {
    return this.#reason === undefined;
  }

  /** Fills the buffer. Nothing is written into it any more once the promise has settled. */
  async read(offset: number, into: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#request({ command: COMMAND.read, offset, length: into.length, into }, signal);
  }

  /** `data` must stay as it is until the promise has settled, and is not looked at any more after that. */
  async write(offset: number, data: Uint8Array, flags: number, signal: AbortSignal): Promise<void> {
    await this.#request({ command: COMMAND.write, offset, length: data.length, data, flags }, signal);
  }

  async writeZeroes(offset: number, length: number, flags: number, signal: AbortSignal): Promise<void> {
    await this.#request({ command: COMMAND.writeZeroes, offset, length, flags }, signal);
  }

  /** A hint; what the range holds afterwards is not known. */
  async trim(offset: number, length: number, flags: number, signal: AbortSignal): Promise<void> {
    await this.#request({ command: COMMAND.trim, offset, length, flags }, signal);
  }

  async flush(signal: AbortSignal): Promise<void> {
    await this.#request({ command: COMMAND.flush, offset: 0, length: 0 }, signal);
  }

  /** Per metadata context the descriptors that begin at `offset`; they may end before or after what was asked for. */
  async blockStatus(offset: number, length: number, signal: AbortSignal): Promise<StatusChunks> {
    return (await this.#request({ command: COMMAND.blockStatus, offset, length }, signal)).status;
  }

  /** Says goodbye if nothing is under way; what is, fails. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    const closed = new DiskUsageError('the connection to the NBD server is closed');
    const idle = this.#waiting.size === 0;
    for (const request of this.#waiting.values()) request.fail(closed);
    this.#budget.failAll(closed);
    if (this.#ended.signal.aborted) return;
    this.#stop(lost('the connection to the NBD server is being closed'));
    if (idle) await this.#goodbye();
    this.#transport.end(lost('the connection to the NBD server was closed'));
  }

  async #goodbye(): Promise<void> {
    this.#transport.send(encodeRequest(COMMAND.disconnect, 0, 0, 0, 0), undefined);
    // Newer nbdkits close theirs only once they see the end of ours, as libnbd's clients let them.
    this.#transport.endWrites();
    try {
      await this.#clock.sleep(GOODBYE_SECONDS * 1000, this.#ended.signal);
    } catch (error) {
      if (!this.#ended.signal.aborted) throw error;
    }
  }

  async #request(
    request: {
      readonly command: Command;
      readonly offset: number;
      readonly length: number;
      readonly flags?: number;
      readonly data?: Uint8Array;
      readonly into?: Uint8Array;
    },
    signal: AbortSignal,
  ): Promise<Pending> {
    const { command, offset, length, flags = 0, data, into } = request;
    const cost = REQUEST_COST + (data ?? into ?? NO_DATA).length;
    if (this.#reason) throw this.#reason;
    await this.#budget.take(cost, signal);
    let forget: () => void = () => undefined;
    try {
      return await new Promise<Pending>((resolve, reject) => {
        const failed: unknown = signal.aborted ? signal.reason : this.#reason;
        if (failed !== undefined) {
          this.#budget.give(cost);
          reject(failed);
          return;
        }
        const cookie = (this.#cookie += 1);
        const startedAt = this.#clock.monotonic();
        const pending = new Pending({ command, offset, length, startedAt, cost, into }, (error) => {
          if (error === undefined) resolve(pending);
          else reject(error);
          // "If the client receives an NBD_ESHUTDOWN error it MUST initiate a soft disconnect."
          if (error instanceof NbdServerError && error.code === 'nbd_shutdown') this.#stop(error);
        });
        const aborted = (): void => {
          pending.into = undefined;
          // Data that lies with the socket is still in use.
          if (pending.sent) reject(signal.reason as Error);
        };
        signal.addEventListener('abort', aborted, { once: true });
        forget = () => signal.removeEventListener('abort', aborted);
        if (this.#waiting.size === 0) this.#progressAt = startedAt;
        this.#waiting.set(cookie, pending);
        this.#watch();
        pending.sent = data === undefined;
        this.#transport.send(encodeRequest(command, flags, cookie, offset, length), data, () => {
          this.#progressAt = this.#clock.monotonic();
          pending.sent = true;
          if (signal.aborted) aborted();
        });
      });
    } finally {
      forget();
    }
  }

  #release(cookie: number, request: Pending): void {
    this.#waiting.delete(cookie);
    this.#budget.give(request.cost);
  }

  /** Nobody else closes a connection that takes no more requests: it does so itself after its last reply. */
  #closeWhenIdle(): void {
    if (this.#reason && this.#waiting.size === 0) void this.close();
  }

  /** Ends the connection when the server neither answers nor takes anything. */
  #watch(): void {
    if (this.#watching) return;
    this.#watching = true;
    const watch = async (): Promise<void> => {
      try {
        let suspected = false;
        for (let oldest = first(this.#waiting); oldest; oldest = first(this.#waiting)) {
          const due = Math.min(
            this.#progressAt + this.#stallMilliseconds,
            oldest.startedAt + this.#requestMilliseconds,
          );
          const left = due - this.#clock.monotonic();
          if (left > 0) {
            suspected = false;
            await this.#clock.sleep(left, this.#ended.signal);
          } else if (suspected) {
            this.#transport.end(
              new NbdError(
                'nbd_stalled',
                `the NBD server at ${this.#transport.where} did not ${oldest.what} in time`,
              ),
            );
            return;
          } else {
            // If it was this process that stood still, the answer lies with the socket and comes now.
            suspected = true;
            await nextTurn();
          }
        }
      } catch (error) {
        if (!this.#ended.signal.aborted) throw error;
      } finally {
        this.#watching = false;
      }
    };
    void watch();
  }

  #end(reason: NbdError): void {
    this.#stop(reason);
    this.#ended.abort(reason);
    for (const request of this.#waiting.values()) request.fail(reason);
    this.#waiting.clear();
  }

  /** Takes no more requests. */
  #stop(reason: NbdError): void {
    this.#reason ??= reason;
    this.#budget.failAll(reason);
    this.#sayOver(reason);
  }
}

function first(requests: ReadonlyMap<number, Pending>): Pending | undefined {
  for (const request of requests.values()) return request;
  return undefined;
}
