/**
 * Applies `work` to every item with up to `inFlight` at once and gives the results in the items' order.
 * Pulls the source only when a result is asked for, so memory is bounded by `inFlight` items. However the
 * consumer ends (done, thrown, returned), every started work has settled and the source is closed before it is over.
 */
export async function* mapOrdered<T, R>(
  items: AsyncIterable<T>,
  inFlight: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const queue: Promise<R>[] = [];
  try {
    for await (const item of items) {
      const started = work(item);
      // Its failure is met when its turn comes; until then it must not count as unhandled.
      void started.catch(() => undefined);
      queue.push(started);
      const [first] = queue;
      if (queue.length >= inFlight && first) {
        const result = await first;
        void queue.shift();
        yield result;
      }
    }
    for (let first = queue[0]; first; first = queue[0]) {
      const result = await first;
      void queue.shift();
      yield result;
    }
  } finally {
    await Promise.allSettled(queue);
  }
}
