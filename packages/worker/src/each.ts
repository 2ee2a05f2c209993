/**
 * Runs `work` over `items`, at most `limit` at once. Waits for every started one to settle, then throws the
 * first failure; nothing new is started after a failure.
 */
export async function eachAtMost<T>(
  limit: number,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  let failure: { error: unknown } | null = null;
  const lane = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined && failure === null; item = queue.shift()) {
      try {
        await work(item);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  const failed = failure as { error: unknown } | null;
  if (failed) throw failed.error;
}
