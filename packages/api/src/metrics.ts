import { STATUSES } from '@guts/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { ApiParts } from './api-parts.ts';
import { METRICS_RULE } from './auth/default-rules.ts';
import { ALIVE_SECONDS } from './fresh.ts';
import { slotsUsed } from './slots-used.ts';

export const METRICS_PATH = '/metrics';
const BUCKETS = [0.005, 0.025, 0.1, 0.25, 1, 2.5, 10, 60];

/** Whether it was asked from this host itself, and not through a proxy on it. */
export function isLoopback(request: FastifyRequest): boolean {
  const { forwarded, 'x-forwarded-for': forwardedFor } = request.headers;
  const local = /^(127\.|::1$|::ffff:127\.)/.test(request.ip);
  return local && forwarded === undefined && forwardedFor === undefined;
}

/**
 * `/metrics` in Prometheus' text format: requests of this guts-api, and work and daemons as the database tells them at
 * that moment, so that any one guts-api may be asked. For administrators; open to this host itself when that is set.
 */
export function metricsRoute(app: FastifyInstance, parts: ApiParts): void {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: 'guts_api_requests_total',
    help: 'Requests that were answered',
    labelNames: ['method', 'route', 'status'] as const,
    registers,
  });
  const seconds = new Histogram({
    name: 'guts_api_request_seconds',
    help: 'How long answers took',
    labelNames: ['method', 'route'] as const,
    buckets: BUCKETS,
    registers,
  });
  app.addHook('onResponse', async (request, reply) => {
    // The route, not the path: ids would make a series each.
    const labels = { method: request.method, route: request.routeOptions.url ?? 'none' };
    requests.inc({ ...labels, status: String(reply.statusCode) });
    seconds.observe(labels, reply.elapsedTime / 1000);
  });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge({ name, help, labelNames, registers });
  new Gauge({
    name: 'guts_build_info',
    help: 'The version',
    labelNames: ['version'] as const,
    registers,
  }).set({ version: parts.version }, 1);
  const migrations = gauge('guts_migrations', 'Migrations by status', ['status']);
  const operations = gauge('guts_operations', 'Operations by status', ['status']);
  const services = gauge('guts_services', 'Daemons by whether they are alive', ['binary', 'alive']);
  const slots = gauge('guts_worker_slots', 'Migrations that a living worker takes at once', [
    'worker',
    'host',
  ]);
  const used = gauge('guts_worker_slots_used', 'Migrations that a worker has', ['worker', 'host']);
  const outbox = gauge('guts_outbox_messages', 'Messages that wait to be sent', []);
  const oldest = gauge('guts_outbox_oldest_seconds', 'For how long the oldest message has waited', []);
  const bus = gauge('guts_bus_connected', 'Whether this guts-api reaches the message bus', []);
  const dead = gauge(
    'guts_bus_dead_letters',
    'Messages that nobody could handle, as the message bus tells them; NaN: it does not',
    [],
  );

  const read = async (): Promise<void> => {
    const { store } = parts;
    const [counts, all, taken, waiting, deadLetters] = await Promise.all([
      store.countWork({ projectId: null }),
      store.listServices(ALIVE_SECONDS),
      slotsUsed(store),
      store.outboxState(),
      parts.bus.deadLetters(),
    ]);
    for (const one of [operations, services, slots, used]) one.reset();
    for (const status of STATUSES) migrations.set({ status }, counts.migrations[status] ?? 0);
    for (const [status, count] of Object.entries(counts.operations)) operations.set({ status }, count);
    for (const { binary, alive } of all) services.inc({ binary, alive: String(alive) });
    for (const { id: worker, host, alive, slots: count } of all.filter((one) => one.slots > 0)) {
      if (!alive) continue;
      slots.set({ worker, host }, count);
      used.set({ worker, host }, taken.get(worker) ?? 0);
    }
    outbox.set(waiting.pending);
    oldest.set(waiting.oldestSeconds ?? 0);
    bus.set(parts.bus.health().connected ? 1 : 0);
    dead.set(deadLetters ?? NaN);
  };

  const config = { rule: METRICS_RULE };
  app.get(METRICS_PATH, { schema: { hide: true }, config }, async (_request, reply) => {
    await read();
    return reply
      .type(registry.contentType)
      .serializer(String)
      .send(await registry.metrics());
  });
}
