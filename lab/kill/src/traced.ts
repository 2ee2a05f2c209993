/** What a process told of its way; see packages/app/src/faults/points.ts. */
export interface Traced {
  /** In the order in which they were first passed. */
  readonly points: readonly string[];
  /** Calls of which the requests within have the points. */
  readonly byRequests: readonly string[];
}

const MARK = '= ';

/** Reads the file of GUTS_POINTS_TRACE. */
export function readTrace(text: string): Traced {
  const lines = [...new Set(text.split('\n'))].filter((line) => line !== '');
  return {
    points: lines.filter((line) => !line.startsWith(MARK)),
    byRequests: lines.filter((line) => line.startsWith(MARK)).map((line) => line.slice(MARK.length)),
  };
}

/** Drops the points of calls that change something by requests alone: those of the requests are finer. */
export function withoutCallsOf<T extends { readonly point: string }>(
  all: readonly T[],
  byRequests: ReadonlySet<string>,
): readonly T[] {
  return all.filter(({ point }) => !byRequests.has(point.replace(/:(?:before|after)$/, '')));
}
