import { useCallback, useRef, useState } from 'react';

/** Something that is asked for once, however often a button is pressed, and told how it went. */
export interface Once<A extends readonly unknown[]> {
  readonly run: (...args: A) => void;
  readonly busy: boolean;
  readonly error: unknown;
  readonly clear: () => void;
}

/** While one call is on its way a second one is passed over: a double click asks once. */
export function useOnce<A extends readonly unknown[]>(work: (...args: A) => Promise<void>): Once<A> {
  const going = useRef(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const run = useCallback(
    (...args: A) => {
      if (going.current) return;
      going.current = true;
      setBusy(true);
      setError(null);
      work(...args)
        .catch((failure: unknown) => setError(failure))
        .finally(() => {
          going.current = false;
          setBusy(false);
        });
    },
    [work],
  );
  const clear = useCallback(() => setError(null), []);
  return { run, busy, error, clear };
}
