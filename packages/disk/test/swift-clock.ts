import type { CopyClock } from '../src/index.ts';

/** Back-off without the waiting; long waits (for a server that stands still) are as long as ever. */
export const swift: CopyClock = {
  monotonic: () => performance.now(),
  sleep: (milliseconds: number, until?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer);
        reject(until?.reason as Error);
      };
      const timer = setTimeout(
        () => {
          until?.removeEventListener('abort', stop);
          resolve();
        },
        milliseconds >= 5000 ? milliseconds : 1,
      );
      if (until?.aborted === true) stop();
      else until?.addEventListener('abort', stop, { once: true });
    }),
};
