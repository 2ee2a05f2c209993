/** Faults on demand: what goes wrong with which request, how often. The tests' way to a bad day. */
import type { ServiceName } from './service.ts';

export interface FaultMatch {
  readonly service?: ServiceName;
  readonly method?: string;
  /** Tried on the path inside the service with its query, such as `/v2/images/…/file`. */
  readonly path?: RegExp;
  /** How many requests it hits; default 1, `Infinity` for all. */
  readonly times?: number;
  /** How many matching requests pass unharmed first; default 0. */
  readonly skip?: number;
}

export type FaultEffect =
  /** Answered with this status, without any effect. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly message?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The connection breaks: before the request has any effect, after its effect (the answer is lost), or once
   * `afterBytes` bytes of its body were taken. */
  | { readonly kind: 'reset'; readonly when?: 'before' | 'after'; readonly afterBytes?: number }
  /** Never answered, until the client gives up. */
  | { readonly kind: 'hang' }
  /** Answered after so many milliseconds more. */
  | { readonly kind: 'delay'; readonly milliseconds: number }
  /** The answer's body ends after so many bytes, though its length was announced whole. */
  | { readonly kind: 'truncate'; readonly bytes: number }
  /** Accepted, but the asynchronous work it starts ends in error with this message. */
  | { readonly kind: 'doom'; readonly message?: string }
  /** One byte of the body is stored wrong (an upload) or answered wrong (a download), at this offset. */
  | { readonly kind: 'corrupt'; readonly offset: number };

export type Fault = FaultMatch & FaultEffect;

export interface FaultList {
  /** Adds a fault; returns how to take it away again. Earlier faults are tried first. */
  add(fault: Fault): () => void;
  clear(): void;
  /** How many requests faults have hit so far. */
  readonly hits: number;
}

interface Armed {
  readonly fault: Fault;
  left: number;
  skip: number;
}

export class Faults implements FaultList {
  readonly #armed = new Set<Armed>();
  #hits = 0;

  get hits(): number {
    return this.#hits;
  }

  add(fault: Fault): () => void {
    const armed: Armed = { fault, left: fault.times ?? 1, skip: fault.skip ?? 0 };
    this.#armed.add(armed);
    return () => void this.#armed.delete(armed);
  }

  clear(): void {
    this.#armed.clear();
  }

  /** The fault that hits this request, if any; uses up one of its times. */
  take(service: ServiceName, method: string, pathAndQuery: string): Fault | undefined {
    for (const armed of this.#armed) {
      const { fault } = armed;
      if (fault.service !== undefined && fault.service !== service) continue;
      if (fault.method !== undefined && fault.method.toUpperCase() !== method) continue;
      if (fault.path !== undefined && pathAndQuery.search(fault.path) < 0) continue;
      if (armed.skip > 0) {
        armed.skip -= 1;
        continue;
      }
      armed.left -= 1;
      if (armed.left <= 0) this.#armed.delete(armed);
      this.#hits += 1;
      return fault;
    }
    return undefined;
  }
}
