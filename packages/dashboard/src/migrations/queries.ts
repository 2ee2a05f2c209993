import { type ApiClient, type Migration, routes } from '@guts/contract';
import { type QueryClient, queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import { markerOf } from '../api/pages.ts';
import { useApp } from '../app.tsx';
import { deltaSince, type Migrations, withNewer } from '../live/changes.ts';

/** Migrations that are held, the newest first; older ones are behind the marker. */
export interface Held {
  readonly byId: Migrations;
  readonly marker: string | null;
}

const PAGE = 1000;
export const MIGRATIONS = ['migrations'] as const;

async function page(
  client: ApiClient,
  marker: string | null,
): Promise<{ items: Migration[]; next: string | null }> {
  const { migrations, links } = await client.call(routes.migrations.list, {
    query: { limit: String(PAGE), sort: 'created_at:desc', ...(marker === null ? {} : { marker }) },
  });
  return { items: migrations, next: markerOf(links.next) };
}

export const migrationsQuery = (client: ApiClient) =>
  queryOptions({
    queryKey: MIGRATIONS,
    queryFn: async (): Promise<Held> => {
      const { items, next } = await page(client, null);
      return { byId: new Map(items.map((one) => [one.id, one])), marker: next };
    },
    // Kept by events; the whole is asked for once.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
  });

export function useMigrations() {
  const { client } = useApp();
  return useQuery(migrationsQuery(client));
}

/** Asks for the next older ones, and holds them too. */
export function useOlder(): () => Promise<void> {
  const { client } = useApp();
  const queries = useQueryClient();
  return useCallback(async () => {
    const held = queries.getQueryData<Held>(MIGRATIONS);
    if (!held || held.marker === null) return;
    const { items, next } = await page(client, held.marker);
    hold(queries, (byId) => withNewer(byId, items), next);
  }, [client, queries]);
}

/** Changes what is held. */
export function hold(
  queries: QueryClient,
  change: (byId: Migrations) => Migrations,
  marker?: string | null,
): void {
  queries.setQueryData<Held>(MIGRATIONS, (held) => {
    if (!held) return held;
    const byId = change(held.byId);
    if (byId === held.byId && marker === undefined) return held;
    return { byId, marker: marker === undefined ? held.marker : marker };
  });
}

/** Asks for what changed since the newest change that is known. */
export async function catchUp(queries: QueryClient, client: ApiClient): Promise<readonly Migration[]> {
  const held = queries.getQueryData<Held>(MIGRATIONS);
  if (!held) return [];
  const since = deltaSince(held.byId);
  if (since === null) {
    await queries.invalidateQueries({ queryKey: MIGRATIONS });
    return [];
  }
  const newer: Migration[] = [];
  let marker: string | null = null;
  do {
    const { migrations, links } = await client.call(routes.migrations.list, {
      query: { limit: String(PAGE), updated_since: since, ...(marker === null ? {} : { marker }) },
    });
    newer.push(...migrations);
    marker = markerOf(links.next);
  } while (marker !== null);
  hold(queries, (byId) => withNewer(byId, newer));
  return newer;
}

export const migrationQuery = (client: ApiClient, id: string) =>
  queryOptions({
    queryKey: ['migration', id],
    queryFn: async ({ signal }) =>
      (await client.call(routes.migrations.show, { params: { id }, signal })).migration,
  });
export const stepsQuery = (client: ApiClient, id: string) =>
  queryOptions({
    queryKey: ['migration', id, 'steps'],
    queryFn: async ({ signal }) =>
      (await client.call(routes.migrations.steps, { params: { id }, signal })).steps,
  });
export const disksQuery = (client: ApiClient, id: string) =>
  queryOptions({
    queryKey: ['migration', id, 'disks'],
    queryFn: async ({ signal }) =>
      (await client.call(routes.migrations.disks, { params: { id }, signal })).disks,
  });
export const artifactsQuery = (client: ApiClient, id: string) =>
  queryOptions({
    queryKey: ['migration', id, 'artifacts'],
    queryFn: async ({ signal }) =>
      (await client.call(routes.migrations.artifacts, { params: { id }, signal })).artifacts,
  });
export const reportQuery = (client: ApiClient, id: string) =>
  queryOptions({
    queryKey: ['migration', id, 'report'],
    queryFn: async ({ signal }) =>
      (await client.call(routes.migrations.report, { params: { id }, signal })).report,
  });
export const consoleQuery = (client: ApiClient, id: string) =>
  queryOptions({
    queryKey: ['migration', id, 'console'],
    queryFn: async ({ signal }) =>
      (await client.call(routes.migrations.console, { params: { id }, signal })).console,
  });
export const migrationEventsQuery = (client: ApiClient, id: string) =>
  queryOptions({
    queryKey: ['migration', id, 'events'],
    queryFn: async ({ signal }) =>
      (await client.call(routes.migrations.events, { params: { id }, query: { limit: '1000' }, signal }))
        .events,
  });
