import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface Target {
  readonly host: string;
  readonly port: number;
}

/**
 * How a connection is lost. `reset`: the peer answers with resets, as a server that died does. `silent`: nothing
 * arrives and nobody says so, then it goes on, as a network that was cut does.
 */
export type Loss = 'reset' | 'silent';

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

/** A TCP proxy that stands between one process and a server, and can take the server away. */
export class Tap {
  readonly #target: Target;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #lost: Loss | null = null;
  #mend: NodeJS.Timeout | null = null;
  #waiting: (() => void)[] = [];

  private constructor(target: Target) {
    this.#target = target;
    this.#server = createServer((near) => this.#accept(near));
  }

  static async open(target: Target): Promise<Tap> {
    const tap = new Tap(target);
    await new Promise<void>((done, failed) => {
      tap.#server.once('error', failed);
      tap.#server.listen(0, '127.0.0.1', done);
    });
    return tap;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** How many connections go through it. */
  get connections(): number {
    return this.#pairs.size;
  }

  /** Takes the server away at once, and gives it back after so many seconds. */
  cut(loss: Loss, seconds: number): void {
    this.#lost = loss;
    for (const pair of this.#pairs)
      if (loss === 'reset') drop(pair);
      else hush(pair);
    if (this.#mend) clearTimeout(this.#mend);
    this.#mend = setTimeout(() => this.mend(), seconds * 1000);
  }

  mend(): void {
    if (this.#mend) clearTimeout(this.#mend);
    this.#mend = null;
    this.#lost = null;
    for (const pair of this.#pairs) flow(pair);
    for (const done of this.#waiting.splice(0)) done();
  }

  /** Resolves when the server is there, at once if it is. */
  async mended(): Promise<void> {
    if (this.#lost !== null) await new Promise<void>((done) => this.#waiting.push(done));
  }

  async close(): Promise<void> {
    if (this.#mend) clearTimeout(this.#mend);
    for (const pair of this.#pairs) drop(pair);
    await new Promise<void>((done) => this.#server.close(() => done()));
  }

  #accept(near: Socket): void {
    if (this.#lost === 'reset') {
      near.on('error', () => undefined); // it is thrown out anyway
      near.resetAndDestroy();
      return;
    }
    const pair: Pair = { near, far: connect(this.#target) };
    this.#pairs.add(pair);
    for (const [one, other] of [
      [near, pair.far],
      [pair.far, near],
    ] as const) {
      one.setNoDelay(true);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.#pairs.delete(pair);
        other.destroy();
      });
    }
    if (this.#lost !== 'silent') flow(pair);
  }
}

function flow({ near, far }: Pair): void {
  near.pipe(far);
  far.pipe(near);
}

function hush({ near, far }: Pair): void {
  near.unpipe(far);
  far.unpipe(near);
  near.pause();
  far.pause();
}

function drop({ near, far }: Pair): void {
  near.resetAndDestroy();
  far.destroy();
}
