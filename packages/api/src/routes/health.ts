import { setTimeout as wait } from 'node:timers/promises';
import { type Health, type HealthReport, routes } from '@guts/contract';
import { GutsError, type ProjectScope, type Service } from '@guts/core';
import type { FastifyInstance, FastifyRequest, FastifySchema } from 'fastify';
import type { ApiParts } from '../api-parts.ts';
import { HEALTH_RULE } from '../auth/default-rules.ts';
import { ALIVE_SECONDS } from '../fresh.ts';
import { problemsOf } from '../health-problems.ts';
import { describe, serve } from '../serve.ts';
import { countsToWire } from '../wire/counts.ts';

/** A database that takes longer to answer counts as unreachable: who asks for health has little patience. */
const PATIENCE_MS = 5000;

async function soon<T>(work: Promise<T>): Promise<T> {
  const stop = new AbortController();
  const late = wait(PATIENCE_MS, undefined, { signal: stop.signal }).then((): never => {
    throw new GutsError('database_unavailable', `the database did not answer in ${PATIENCE_MS / 1000} s`);
  });
  late.catch(() => undefined); // aborted, once the work has won
  try {
    return await Promise.race([work, late]);
  } finally {
    stop.abort();
  }
}

async function health({ store, bus, log, version }: ApiParts): Promise<Health> {
  const busState = bus.health().connected ? 'ok' : 'disconnected';
  const answer = (status: Health['status'], database: Health['database']): Health => ({
    status,
    version,
    database,
    bus: busState,
  });
  try {
    const { current } = await soon(store.check());
    if (!current) return answer('unavailable', 'outdated');
    // Without the bus everything goes on, found by polling.
    return answer(busState === 'ok' ? 'ok' : 'degraded', 'ok');
  } catch (error) {
    log.error({ err: error }, 'the database does not answer');
    return answer('unavailable', 'unreachable');
  }
}

function countServices(services: readonly Service[]): HealthReport['services'] {
  return (['guts-api', 'guts-scheduler', 'guts-migration'] as const).map((binary) => {
    const own = services.filter((one) => one.binary === binary);
    const alive = own.filter((one) => one.alive);
    const disabled = alive.filter((one) => one.disabled).length;
    return { binary, alive: alive.length, dead: own.length - alive.length, disabled };
  });
}

async function report({ store, bus, clock, version }: ApiParts, scope: ProjectScope): Promise<HealthReport> {
  const start = clock.monotonic();
  const schemaState = await soon(store.check());
  const latency = clock.monotonic() - start;
  const [outbox, services, counts, deadLetters] = await soon(
    Promise.all([
      store.outboxState(),
      store.listServices(ALIVE_SECONDS),
      store.countWork(scope),
      bus.deadLetters(),
    ]),
  );
  const problems = problemsOf({ schemaState, bus: bus.health(), deadLetters, outbox, services });
  return {
    status: problems.length === 0 ? ('ok' as const) : ('degraded' as const),
    version,
    problems,
    database: {
      latency_ms: Math.round(latency * 10) / 10,
      pending: [...schemaState.pending],
      ahead: [...schemaState.ahead],
    },
    bus: {
      ...bus.health(),
      outbox_pending: outbox.pending,
      outbox_oldest_seconds: outbox.oldestSeconds,
    },
    services: countServices(services),
    ...countsToWire(counts),
  };
}

/** Who asks for health is answered whatever the token is worth, and whether it can be checked or not. */
async function toldAll(
  { authenticate, policy, log }: ApiParts,
  { headers }: FastifyRequest,
): Promise<boolean> {
  const token = [headers['x-auth-token']].flat()[0];
  if (token === undefined) return false;
  try {
    const caller = await authenticate(token);
    return caller !== null && policy.allows(HEALTH_RULE, caller, caller);
  } catch (error) {
    log.warn({ err: error }, 'the token of a health check could not be checked');
    return false;
  }
}

/** Open: `/healthcheck` (200 while it serves, else 503). With a token: what exactly is the matter. */
export function healthRoutes(app: FastifyInstance, parts: ApiParts): void {
  const described = describe(routes.health);
  const away = { ...routes.health.answer, description: 'it cannot serve: the database is away or outdated' };
  const schema: FastifySchema = {
    ...described,
    security: [],
    response: { ...described.response, 503: away },
  };
  app.get(routes.health.path, { schema }, async (request, reply) => {
    const answer = await health(parts);
    const detailed = answer.status !== 'unavailable' && (await toldAll(parts, request));
    const whole = detailed ? { ...answer, report: await report(parts, { projectId: null }) } : answer;
    return reply.code(answer.status === 'unavailable' ? 503 : 200).send(whole);
  });
  serve(app, routes.healthReport, ({ view }) => report(parts, view));
}
