import { appendFileSync } from 'node:fs';
import type { NewEvent } from '@guts/core';
import type { Watch } from '@guts/worker';

/**
 * Points at which tests kill: before and after every call that changes something, on the store and on both ends of
 * a migration, and within every function that such a call is given. They are found by putting a proxy around these
 * objects, so that a new step or call has its points without anybody adding them. Nothing in normal use turns them
 * on.
 */

/** Calls that change nothing; everything else has points. */
const READS =
  /^(get|list|find|check|read|open(Source|Destination)|sealedSecret|outboxState|inspect|validate|inventory|facts|powerState|allocatedAreas|annotation$|serverState|console$|imageDigest|progress|health|close|openVolumeReader|renewLease|then$)/;

export interface PointParts {
  /** Called at every point; the call goes on when it resolves. */
  readonly at: (point: string) => Promise<void>;
}

function isEvent(value: unknown): value is NewEvent {
  return typeof value === 'object' && value !== null && 'severity' in value && 'resourceId' in value;
}

/** What tells one call of a method from another: the event it writes, or the kind of object it is about. */
function detailOf(given: readonly unknown[]): string {
  const event = given.find(isEvent);
  if (event) {
    const { step, kind, status } = event.data as Record<string, unknown>;
    const about = [step ?? kind, event.type === 'migration.status' ? status : undefined];
    return `[${[event.type, ...about.filter((one) => typeof one === 'string')].join(' ')}]`;
  }
  const [first, second] = given;
  if (typeof first === 'string' && /^[a-z_]+$/.test(first)) return `[${first}]`;
  const kind = (second as { kind?: unknown } | undefined)?.kind;
  return typeof kind === 'string' ? `[${kind}]` : '';
}

/** Puts points around an object and around the writers and sessions that its calls give. */
export function withPoints({ at }: PointParts): Watch {
  const watch: Watch = (name, target) =>
    new Proxy(target, {
      get(object, key): unknown {
        const value: unknown = Reflect.get(object, key, object);
        if (typeof value !== 'function' || typeof key !== 'string') return value;
        const method = value as (...given: unknown[]) => unknown;
        // What only opens something to write to is no change itself; what it gives is watched.
        if (key === 'uploadImage')
          return (...given: unknown[]): unknown => watchUpload(watch, name, method.apply(object, given));
        if (READS.test(key)) return method.bind(object);
        return async (...given: unknown[]): Promise<unknown> => {
          const point = `${name}.${key}${detailOf(given)}`;
          await at(`${point}:before`);
          const inside = given.map((one) =>
            typeof one === 'function'
              ? within(one as (...inner: unknown[]) => unknown, `${point}:within`)
              : one,
          );
          const result = await method.apply(object, inside);
          await at(`${point}:after`);
          return givesMore(result) ? watch(`${name}.${key}`, result) : result;
        };
      },
    });
  /** Functions given to the store are synchronous and run inside its transaction. */
  const within =
    (inner: (...given: unknown[]) => unknown, point: string) =>
    (...given: unknown[]): unknown => {
      void at(point);
      return inner(...given);
    };
  return watch;
}

function givesMore(result: unknown): result is object {
  return (
    typeof result === 'object' &&
    result !== null &&
    ('flush' in result || 'complete' in result) &&
    Object.values(result).some((value) => typeof value === 'function')
  );
}

function watchUpload(watch: Watch, name: string, upload: unknown): unknown {
  const { writer, ...rest } = upload as { writer: object };
  return { ...rest, writer: watch(`${name}.uploadImage`, writer) };
}

/**
 * Points from the environment: `GUTS_POINTS_TRACE` names a file to which every point that is passed is appended;
 * at the `GUTS_POINT_NTH`-th passing (1 by default) of `GUTS_POINT_AT` the process dies by SIGKILL, or, when
 * `GUTS_POINT_URL` is given, posts the point there and goes on when it is answered.
 */
export function pointsFrom(env: NodeJS.ProcessEnv, fetcher: typeof fetch = fetch): Watch | undefined {
  const { GUTS_POINTS_TRACE: trace, GUTS_POINT_AT: wanted, GUTS_POINT_URL: url } = env;
  if (trace === undefined && wanted === undefined) return undefined;
  let left = Number(env['GUTS_POINT_NTH'] ?? 1);
  return withPoints({
    at: async (point) => {
      if (trace !== undefined) appendFileSync(trace, `${point}\n`);
      if (point !== wanted) return;
      left -= 1;
      if (left !== 0) return;
      if (url === undefined) process.kill(process.pid, 'SIGKILL');
      else await fetcher(url, { method: 'POST', body: JSON.stringify({ pid: process.pid, point }) });
    },
  });
}
