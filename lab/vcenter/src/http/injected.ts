/** What goes wrong on demand. */
export type FaultEffect =
  | { readonly kind: 'soapFault'; readonly name: string; readonly message?: string }
  | { readonly kind: 'http'; readonly status: number; readonly body?: string }
  /** The connection is reset before an answer. */
  | { readonly kind: 'reset' }
  /** The call is carried out, and the connection is reset instead of an answer. SOAP calls only. */
  | { readonly kind: 'lost' }
  /** The body is cut after so many bytes. */
  | { readonly kind: 'truncate'; readonly bytes: number }
  /** One byte of the body is inverted. */
  | { readonly kind: 'corrupt'; readonly offset: number }
  | { readonly kind: 'delay'; readonly ms: number }
  /** A task of the method starts and then fails. */
  | { readonly kind: 'taskFault'; readonly name: string; readonly message?: string }
  /** A task of the method takes so many milliseconds more. */
  | { readonly kind: 'taskDelay'; readonly ms: number }
  /** Bytes per second of the body. */
  | { readonly kind: 'rate'; readonly bytesPerSecond: number };

export type InjectedFault = FaultEffect & {
  /** A SOAP method's name. */
  readonly method?: string;
  /** The beginning of a path: `/folder`, `/nfc`. */
  readonly path?: string;
  /** How often; without end unless given. */
  readonly times?: number;
  /** How many matching requests pass before the first is hit. */
  readonly after?: number;
};

/** The faults that wait for a request. Without method and path a fault hits every request. */
export class FaultList {
  #waiting: { fault: InjectedFault; left: number; skip: number }[] = [];

  add(fault: InjectedFault): void {
    this.#waiting.push({ fault, left: fault.times ?? Number.POSITIVE_INFINITY, skip: fault.after ?? 0 });
  }

  clear(): void {
    this.#waiting = [];
  }

  /** Takes the faults that hit a request. */
  take(path: string, method: string | undefined): readonly InjectedFault[] {
    return this.#take(
      (fault) =>
        !isTaskFault(fault) &&
        (fault.method === undefined || fault.method === method) &&
        (fault.path === undefined || path.startsWith(fault.path)),
    );
  }

  /** Takes the faults that hit a task started by a method. */
  takeForTask(method: string): readonly InjectedFault[] {
    return this.#take(
      (fault) => isTaskFault(fault) && (fault.method === undefined || fault.method === method),
    );
  }

  #take(hits: (fault: InjectedFault) => boolean): readonly InjectedFault[] {
    const hit: InjectedFault[] = [];
    for (const entry of this.#waiting) {
      if (!hits(entry.fault)) continue;
      if (entry.skip > 0) {
        entry.skip -= 1;
        continue;
      }
      entry.left -= 1;
      hit.push(entry.fault);
    }
    this.#waiting = this.#waiting.filter((entry) => entry.left > 0);
    return hit;
  }
}

function isTaskFault(fault: InjectedFault): boolean {
  return fault.kind === 'taskFault' || fault.kind === 'taskDelay';
}
