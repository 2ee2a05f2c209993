import fc from 'fast-check';
import { type Call, callsFor } from './calls.ts';
import { type OpenApi, operationsOf } from './document.ts';
import { Judge } from './judge.ts';
import { exchange } from './wire.ts';
import { tokenOf, World } from './world.ts';

export interface Fault {
  /** Which call, from 0. */
  readonly index: number;
  readonly name: string;
  readonly status: number | null;
  readonly what: readonly string[];
  /** How to make it again. */
  readonly request: string;
  /** The beginning of the answer. */
  readonly answer: string;
}
export interface Outcome {
  readonly faults: readonly Fault[];
  /** By operation, and by class of status: `2xx`, `4xx`, or `none`. */
  readonly counts: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** Operations that were never answered as asked. */
  readonly neverServed: readonly string[];
}
export interface Plan {
  readonly calls: number;
  readonly seed: number;
  /** URL of an empty database. */
  readonly database: string;
  readonly progress?: (done: number, faults: number) => void;
}

/** The world goes on after so many calls. */
const TICK = 25;
const PROGRESS = 500;

/** Fetches the document from the API itself. */
async function documentOf(world: World): Promise<OpenApi> {
  const answer = await fetch(new URL('/v1/openapi.json', world.address));
  return (await answer.json()) as OpenApi;
}

function told({ curl, bytes }: Call): string {
  if (curl !== null) return curl;
  const text = bytes.toString('latin1').replaceAll(/^x-auth-token: .*$/gim, 'x-auth-token: $TOKEN');
  return `bytes ${JSON.stringify(text.length > 1000 ? `${text.slice(0, 1000)}…` : text)}`;
}

/** Makes calls one after the other, and judges every answer. The same seed makes the same calls. */
export async function fuzz({ calls, seed, database, progress }: Plan): Promise<Outcome> {
  const stray: string[] = [];
  const hear = (error: unknown): void => {
    stray.push(`nobody caught: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  };
  process.on('uncaughtException', hear);
  process.on('unhandledRejection', hear);
  const world = await World.open(database);
  try {
    const document = await documentOf(world);
    const judge = new Judge(document);
    const all = callsFor(document, world);
    const faults: Fault[] = [];
    const counts = new Map<string, Map<string, number>>();
    for (let index = 0; index < calls; index += 1) {
      if (index % TICK === 0) await world.tick(index / TICK);
      if (index % PROGRESS === 0) progress?.(index, faults.length);
      const [call] = fc.sample(all, { numRuns: 1, seed: seed * 1_000_003 + index });
      if (!call) throw new Error('no call was made');
      const answer = await exchange(world.address, call.bytes, {
        bodiless: call.method === 'HEAD',
        ends: call.ends,
      });
      const what = [...judge.faults(call, answer), ...world.takeErrors(), ...stray.splice(0)];
      const status = answer?.status ?? null;
      if (what.length > 0)
        faults.push({
          index,
          name: call.name,
          status,
          what,
          request: told(call),
          answer: answer?.body.slice(0, 600) ?? '',
        });
      const kind = status === null ? 'none' : `${Math.floor(status / 100)}xx`;
      const own = counts.get(call.name) ?? new Map<string, number>();
      counts.set(call.name, own.set(kind, (own.get(kind) ?? 0) + 1));
      if (answer?.status === 200 || answer?.status === 201 || answer?.status === 202)
        world.learn(parsed(answer.body));
    }
    await stillServes(world);
    const neverServed = operationsOf(document)
      .map(({ operationId }) => operationId)
      .filter((name) => !counts.get(name)?.has('2xx'));
    return { faults, counts, neverServed };
  } finally {
    await world.close();
    process.off('uncaughtException', hear);
    process.off('unhandledRejection', hear);
  }
}

/** After all of that it is as well as before. */
async function stillServes(world: World): Promise<void> {
  const headers = { 'x-auth-token': tokenOf('a-admin') };
  for (const path of ['/healthcheck', '/v1/sources/alpha-source', '/v1/limits', '/metrics']) {
    const answer = await fetch(new URL(path, world.address), { headers });
    if (answer.status !== 200) throw new Error(`after the calls ${path} is answered with ${answer.status}`);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null; // the judge has said so
  }
}
