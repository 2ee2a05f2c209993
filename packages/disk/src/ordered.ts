/**
 * Applies `work` to every item with up to `inFlight` at once and gives the results in the items' order.
 * Pulls the source only when a result is asked for, so memory is bounded by `inFlight` items. The first failure
 * in the items' order is thrown, a failure of the source after all before it. However the consumer ends (done,
 * thrown, returned), every started work has settled and the source is closed before it is over.
 */
export async function* mapOrdered<T, R>(
  items: AsyncIterable<T>,
  inFlight: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const source = items[Symbol.asyncIterator]();
  const queue: Promise<R>[] = [];
  let open = true;
  let broken: { readonly error: unknown } | undefined;
  try {
    for (;;) {
      while (open && queue.length < inFlight) {
        try {
          const next = await source.next();
          open = next.done !== true;
          if (next.done !== true) queue.push(quiet(work(next.value)));
        } catch (error) {
          open = false;
          broken = { error };
        }
      }
      const [first] = queue;
      if (!first) break;
      const result = await first;
      void queue.shift();
      yield result;
    }
    if (broken) throw broken.error;
  } finally {
    await Promise.allSettled(queue);
    if (open) await source.return?.();
  }
}

/** Its failure is met when its turn comes; until then it must not count as unhandled. */
function quiet<R>(promise: Promise<R>): Promise<R> {
  promise.catch(() => undefined);
  return promise;
}
