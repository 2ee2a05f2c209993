import type { Event } from '@guts/contract';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ApiCallError } from '@guts/contract';
import { Feed, type FeedState } from './feed.ts';

/** A stream that the test speaks for. */
class Stream extends EventTarget {
  readonly CLOSED = 2;
  readyState = 0;
  readonly address: string;
  constructor(address: string) {
    super();
    this.address = address;
  }
  close(): void {
    this.readyState = 2;
  }
  opens(): void {
    this.readyState = 1;
    this.dispatchEvent(new Event_('open'));
  }
  tells(sequence: number): void {
    this.dispatchEvent(Object.assign(new Event_('message'), { data: JSON.stringify({ sequence }) }));
  }
  breaks(forGood: boolean): void {
    this.readyState = forGood ? 2 : 0;
    this.dispatchEvent(new Event_('error'));
  }
}
const Event_ = globalThis.Event;

/** A clock that goes on when it is told to. */
class Timers {
  #now = 0;
  #waiting: { at: number; work: () => void }[] = [];

  later = (ms: number, work: () => void): (() => void) => {
    const one = { at: this.#now + ms, work };
    this.#waiting.push(one);
    return () => (this.#waiting = this.#waiting.filter((other) => other !== one));
  };

  async pass(ms: number): Promise<void> {
    this.#now += ms;
    const due = this.#waiting.filter(({ at }) => at <= this.#now);
    this.#waiting = this.#waiting.filter(({ at }) => at > this.#now);
    for (const { work } of due) work();
    await new Promise((done) => setImmediate(done));
  }
}

describe('the feed', () => {
  let streams: Stream[];
  let states: FeedState[];
  let told: number[][];
  let progress: string[];
  let refusals: unknown[];
  let asked: string[];
  let newest: () => Promise<number>;
  let why: () => Promise<unknown>;
  let feed: Feed;
  let timers: Timers;
  beforeEach(async () => {
    timers = new Timers();
    [streams, states, told, progress, refusals, asked] = [[], [], [], [], [], []];
    newest = () => Promise.resolve(7);
    why = () => Promise.resolve(null);
    feed = new Feed({
      newest: () => newest(),
      address: (after) => Promise.resolve(`/stream?after=${after}`),
      open: (address) => {
        const stream = new Stream(address);
        streams.push(stream);
        return stream as unknown as EventSource;
      },
      onEvents: (events: readonly Event[]) => told.push(events.map(({ sequence }) => sequence)),
      onState: (state, refusal) => {
        states.push(state);
        refusals.push(refusal);
      },
      refusalAt: (address) => {
        asked.push(address);
        return why();
      },
      onProgress: (text) => progress.push(text),
      later: timers.later,
    });
    feed.start();
    await timers.pass(0);
  });
  afterEach(() => {
    feed.close();
  });
  const stream = (at: number): Stream => streams[at] ?? expect.fail(`no stream ${at}`);

  test('begins behind the newest event, and tells those together that come together, each once', async () => {
    expect(stream(0).address).toBe('/stream?after=7');
    stream(0).opens();
    stream(0).tells(8);
    stream(0).tells(9);
    stream(0).tells(8);
    await timers.pass(1000);
    stream(0).tells(10);
    await timers.pass(1000);
    expect(told).toEqual([[8, 9], [10]]);
    expect(states).toEqual(['connecting', 'open']);
  });

  test('leaves coming back to the browser after a cut', async () => {
    stream(0).opens();
    stream(0).breaks(false);
    await timers.pass(60_000);
    expect(streams).toHaveLength(1);
    stream(0).opens();
    expect(states).toEqual(['connecting', 'open', 'lost', 'open']);
  });

  test('opens another stream behind the last event where the browser gives up, ever more slowly', async () => {
    stream(0).opens();
    stream(0).tells(8);
    stream(0).breaks(true);
    await timers.pass(0);
    await timers.pass(1000);
    expect(stream(1).address).toBe('/stream?after=8');
    stream(1).breaks(true);
    await timers.pass(0);
    await timers.pass(1000);
    expect(streams).toHaveLength(2);
    await timers.pass(1000);
    expect(streams).toHaveLength(3);
  });

  test('comes back at once when it is told that it may', async () => {
    stream(0).breaks(true);
    feed.hurry();
    await timers.pass(0);
    expect(streams).toHaveLength(2);
    feed.hurry();
    await timers.pass(60_000);
    expect(streams).toHaveLength(2);
  });

  test('says why a stream is refused, and then asks seldom', async () => {
    const refusal = new ApiCallError('no', { status: 403, code: 'forbidden' });
    why = () => Promise.resolve(refusal);
    stream(0).opens();
    stream(0).breaks(true);
    await timers.pass(0);
    expect(asked).toEqual(['/stream?after=7']);
    expect(states).toEqual(['connecting', 'open', 'lost', 'lost']);
    expect(refusals).toEqual([null, null, null, refusal]);
    const opened: number[] = [];
    for (const wait of [4999, 1, 9999, 1]) {
      await timers.pass(wait);
      opened.push(streams.length);
      if (wait === 1) stream(streams.length - 1).breaks(true);
      await timers.pass(0);
    }
    expect(opened).toEqual([1, 2, 2, 3]);
    // However often: it is asked again at last, and the refusal is forgotten.
    for (let n = 0; n < 10; n += 1) {
      await timers.pass(60_000);
      stream(streams.length - 1).breaks(true);
      await timers.pass(0);
    }
    expect(streams).toHaveLength(13);
    await timers.pass(60_000);
    stream(13).opens();
    expect([states.at(-1), refusals.at(-1)]).toEqual(['open', null]);
  });

  test('says why it gets no ticket, and comes back soon where it is trouble and no refusal', async () => {
    feed.close();
    const trouble = new ApiCallError('the database is away', {
      status: 503,
      code: 'internal',
      requestId: 'r',
    });
    let tries = 0;
    newest = () => {
      tries += 1;
      return Promise.reject(trouble);
    };
    feed = new Feed({
      newest: () => newest(),
      address: () => Promise.resolve('/stream'),
      open: () => expect.fail('nothing is to be opened'),
      refusalAt: () => Promise.resolve(null),
      onEvents: () => undefined,
      onState: (_state, refusal) => refusals.push(refusal),
      onProgress: () => undefined,
      later: timers.later,
    });
    feed.start();
    await timers.pass(0);
    expect(refusals.at(-1)).toBe(trouble);
    await timers.pass(1000);
    expect(tries).toBe(2);
  });

  test('does not wait for the reason when it is told that it may come back', async () => {
    let tell = (_reason: unknown): void => undefined;
    why = () => new Promise((resolve) => (tell = resolve));
    stream(0).breaks(true);
    feed.hurry();
    await timers.pass(0);
    expect(streams).toHaveLength(2);
    stream(1).opens();
    tell(new ApiCallError('no', { status: 403, code: 'forbidden' }));
    await timers.pass(60_000);
    expect(streams).toHaveLength(2);
    expect(states.at(-1)).toBe('open');
  });

  test('says how far disks are as it is told', () => {
    stream(0).dispatchEvent(Object.assign(new Event_('progress'), { data: '{"migrations":{}}' }));
    expect(progress).toEqual(['{"migrations":{}}']);
  });

  test('is silent once it is closed', async () => {
    stream(0).breaks(true);
    feed.close();
    await timers.pass(60_000);
    expect(streams).toHaveLength(1);
  });
});
