import type { Event } from '@guts/contract';
import { isLasting, isRefusal } from './refusal.ts';

export type FeedState = 'connecting' | 'open' | 'lost';

export interface FeedParts {
  /** Address of the stream behind an event; a ticket may have to be asked for first. */
  readonly address: (after: number) => Promise<string>;
  /** The last event there is. */
  readonly newest: () => Promise<number>;
  readonly open: (address: string) => EventSource;
  readonly onEvents: (events: readonly Event[]) => void;
  /** Why a stream did not open at an address; null: it cannot be known. Never throws. */
  readonly refusalAt: (address: string) => Promise<unknown>;
  /** @param refusal what was answered instead of a stream; null: nothing, that is known */
  readonly onState: (state: FeedState, refusal: unknown) => void;
  readonly onProgress: (text: string) => void;
  /** Does something later, unless what it gives is called before. */
  readonly later: (ms: number, work: () => void) => () => void;
}

/** Events that come together are told together; milliseconds. */
const GATHER_MS = 150;
/** Before the first try to come back, and at most between two. */
const RETRY_MS = { first: 1000, most: 15_000 };
/** The same where the answer was no: nobody is asked all the time for what will not be given. */
const REFUSED_MS = { first: 5000, most: 60_000 };

/**
 * The one stream of events of a page. A browser comes back by itself after a cut, and says what it saw last
 * (Last-Event-ID); where it gives up (an answer that is no stream) the feed asks why, and opens another one behind the
 * last event.
 */
export class Feed {
  readonly #parts: FeedParts;
  #source: EventSource | null = null;
  #after: number | null = null;
  #gathered: Event[] = [];
  #gathering: (() => void) | null = null;
  #retry: (() => void) | null = null;
  /** The stream that gave up and about which it is asked now. */
  #asking: EventSource | null = null;
  #failures = 0;
  #closed = false;

  constructor(parts: FeedParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#parts.onState('connecting', null);
    void this.#open();
  }

  close(): void {
    this.#closed = true;
    this.#source?.close();
    this.#gathering?.();
    this.#retry?.();
  }

  /** What was waited for is there: tries to come back at once. */
  hurry(): void {
    if (this.#retry === null && this.#asking === null) return;
    this.#retry?.();
    this.#retry = null;
    this.#asking = null;
    this.#failures = 0;
    void this.#open();
  }

  async #open(): Promise<void> {
    try {
      this.#after ??= await this.#parts.newest();
      const address = await this.#parts.address(this.#after);
      if (this.#closed) return;
      const source = this.#parts.open(address);
      this.#source = source;
      source.addEventListener('open', () => {
        this.#failures = 0;
        this.#parts.onState('open', null);
      });
      source.addEventListener('message', (message) => this.#take(message));
      source.addEventListener('progress', (message) => this.#parts.onProgress(String(message.data)));
      source.addEventListener('error', () => {
        if (source.readyState === source.CLOSED) void this.#askWhy(source, address);
        else this.#parts.onState('lost', null);
      });
    } catch (error) {
      this.#again(error);
    }
  }

  async #askWhy(source: EventSource, address: string): Promise<void> {
    this.#asking = source;
    this.#parts.onState('lost', null);
    const refusal = await this.#parts.refusalAt(address);
    // It was hurried meanwhile.
    if (this.#asking !== source) return;
    this.#asking = null;
    this.#again(refusal);
  }

  /** @param failure null: nothing is known of it */
  #again(failure: unknown): void {
    this.#source?.close();
    if (this.#closed) return;
    const refusal = failure !== null && isRefusal(failure) ? failure : null;
    this.#parts.onState('lost', refusal);
    const { first, most } = refusal !== null && isLasting(refusal) ? REFUSED_MS : RETRY_MS;
    const wait = Math.min(most, first * 2 ** this.#failures);
    this.#failures += 1;
    this.#retry = this.#parts.later(wait, () => {
      this.#retry = null;
      void this.#open();
    });
  }

  #take({ data }: MessageEvent): void {
    const event = JSON.parse(String(data)) as Event;
    // After a cut the same ones may come once more.
    if (this.#after !== null && event.sequence <= this.#after) return;
    this.#after = event.sequence;
    this.#gathered.push(event);
    this.#gathering ??= this.#parts.later(GATHER_MS, () => {
      this.#gathering = null;
      const events = this.#gathered;
      this.#gathered = [];
      this.#parts.onEvents(events);
    });
  }
}
