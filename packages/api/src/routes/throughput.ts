import { routes } from '@guts/contract';
import { GutsError, type Migration, THROUGHPUT_KEPT_MS, THROUGHPUT_PIECE_MS } from '@guts/core';
import type { FastifyInstance } from 'fastify';
import type { ApiParts } from '../api-parts.ts';
import { given, momentOf } from '../paging.ts';
import { serve } from '../serve.ts';

/** A range is told in about so many pieces: more than a graph is wide are of no use. */
const PIECES = 400;
const DEFAULT_MS = 8 * 60 * 60 * 1000;

interface Range {
  /** The first piece begins then, in the week that is kept; milliseconds, as all of these. */
  readonly since: number;
  readonly until: number;
  readonly pieceMs: number;
}

/** @throws GutsError `bad_request` for a range that ends before it begins, or a moment that is none */
function rangeOf(
  { since, until }: { readonly since?: string | undefined; readonly until?: string | undefined },
  migration: Migration | null,
  now: number,
): Range {
  const end =
    until === undefined
      ? Date.parse(migration?.finishedAt ?? '') || now
      : Date.parse(momentOf(until, 'until'));
  const started = migration ? Date.parse(migration.startedAt ?? migration.createdAt) : end - DEFAULT_MS;
  const start = since === undefined ? Math.min(started, end) : Date.parse(momentOf(since, 'since'));
  if (start > end)
    throw new GutsError('bad_request', 'the range ends before it begins', {
      field: since === undefined ? 'query.until' : 'query.since',
      remedy:
        'Give a moment for until that is after since; without until it is now, or the end of the migration.',
    });
  // Before that nothing is kept: pieces are not made longer for it.
  const from = Math.max(start, Math.min(end, now - THROUGHPUT_KEPT_MS));
  const pieceMs = THROUGHPUT_PIECE_MS * Math.max(1, Math.ceil((end - from) / PIECES / THROUGHPUT_PIECE_MS));
  return { since: Math.floor(Math.max(0, from) / pieceMs) * pieceMs, until: end, pieceMs };
}

/** How fast bytes moved. */
export function throughputRoutes(app: FastifyInstance, { store, clock }: ApiParts): void {
  serve(app, routes.throughput, async ({ query, scope }) => {
    const id = query.migration;
    const migration = id === undefined ? null : await store.getMigration(id, scope);
    if (id !== undefined && !migration) throw new GutsError('not_found', `there is no migration ${id}`);
    const range = rangeOf(query, migration, clock.now());
    const moved = await store.listThroughput(scope, { ...range, ...given({ migrationId: id }) });
    const iso = (ms: number): string => new Date(ms).toISOString();
    return {
      throughput: {
        since: iso(range.since),
        until: iso(range.until),
        seconds: range.pieceMs / 1000,
        points: moved.map(({ at, bytes }) => ({ at: iso(at), bytes })),
      },
    };
  });
}
