import { AsyncLocalStorage } from 'node:async_hooks';
import { appendFileSync } from 'node:fs';
import type { NewEvent } from '@guts/core';
import type { AroundRequest } from '@guts/driver-openstack';
import type { AroundCall } from '@guts/driver-vsphere';
import type { Watch } from '@guts/worker';
import { changeOfCall, changeOfRequest } from './changes.ts';

/**
 * Points at which tests kill: before and after every call that changes something, on the store and on both ends of
 * a migration, and within every function that such a call is given; before and after every request to a vCenter or a
 * cloud that changes something, of which one call may send several. They are found by putting a proxy around these
 * objects and something around these requests, so that a new step, call or request has its points without anybody
 * adding them. Nothing in normal use turns them on.
 */

/** Calls that change nothing, or renew by the clock what is held; everything else has points. */
const READS =
  /^(get|list|find|check|read|open(Source|Destination)|sealedSecret|outboxState|inspect|validate|inventory|facts|powerState|allocatedAreas|annotation$|serverState|console$|imageDigest|progress|health|close|openVolumeReader|renewLease|renewOperation|then$)/;

export interface PointParts {
  /** Called at every point; the call goes on when it resolves. */
  readonly at: (point: string) => Promise<void>;
  /**
   * Told of a call, by the name of its points without `:before` and `:after`, within which requests changed
   * something: nothing happens at its own points that does not happen at theirs.
   */
  readonly byRequests?: (call: string) => void;
}

export interface Points {
  /** Puts points around an object and around the writers and sessions that its calls give. */
  readonly watch: Watch;
  /** Puts them around what changes something at a vCenter. */
  readonly aroundCall: AroundCall;
  /** At a cloud. */
  readonly aroundRequest: AroundRequest;
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

export function withPoints({ at, byRequests }: PointParts): Points {
  /** The call that a request belongs to. */
  const inside = new AsyncLocalStorage<{ changed: boolean }>();
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
          const watched = given.map((one) =>
            typeof one === 'function'
              ? within(one as (...inner: unknown[]) => unknown, `${point}:within`)
              : one,
          );
          const call = { changed: false };
          const result = await inside
            .run(call, async () => method.apply(object, watched))
            .finally(() => (call.changed ? byRequests?.(point) : undefined));
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
  const around = async <T>(change: string | null, send: () => Promise<T>): Promise<T> => {
    if (change === null) return send();
    const call = inside.getStore();
    if (call) call.changed = true;
    await at(`${change}:before`);
    const answer = await send();
    await at(`${change}:after`);
    return answer;
  };
  return {
    watch,
    aroundCall: (method, fields, send) => around(changeOfCall(method, fields), send),
    aroundRequest: (request, send) => around(changeOfRequest(request), send),
  };
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
 * Points from the environment: `GUTS_POINTS_TRACE` names a file to which every point that is passed is appended, and
 * `= call` for every call within which requests changed something; at the `GUTS_POINT_NTH`-th passing (1 by default)
 * of `GUTS_POINT_AT` the process dies by SIGKILL, or, when `GUTS_POINT_URL` is given, posts the point there and goes on
 * when it is answered. `GUTS_POINT_AT=*` posts every point at which something can be awaited.
 */
export function pointsFrom(env: NodeJS.ProcessEnv, fetcher: typeof fetch = fetch): Points | undefined {
  const { GUTS_POINTS_TRACE: trace, GUTS_POINT_AT: wanted, GUTS_POINT_URL: url } = env;
  if (trace === undefined && wanted === undefined) return undefined;
  const tell = (line: string): void => {
    if (trace !== undefined) appendFileSync(trace, `${line}\n`);
  };
  const post = async (point: string, to: string): Promise<void> => {
    await fetcher(to, { method: 'POST', body: JSON.stringify({ pid: process.pid, point }) });
  };
  let left = Number(env['GUTS_POINT_NTH'] ?? 1);
  return withPoints({
    at: async (point) => {
      tell(point);
      if (wanted === '*' && url !== undefined && !point.endsWith(':within')) return post(point, url);
      if (point !== wanted) return;
      left -= 1;
      if (left !== 0) return;
      if (url === undefined) process.kill(process.pid, 'SIGKILL');
      else await post(point, url);
    },
    byRequests: (call) => tell(`= ${call}`),
  });
}
