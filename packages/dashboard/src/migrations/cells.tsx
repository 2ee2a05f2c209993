import type { Disk, Migration } from '@guts/contract';
import { Progress as Bar, ProgressMeasureLocation } from '@patternfly/react-core';
import { skipToken, useQuery } from '@tanstack/react-query';
import { useApp } from '../app.tsx';
import { useFeed } from '../live/feed-state.ts';
import { MOVING, type Moving, percentOf, type Progress, progressOf, RUN } from '../live/progress.ts';
import { formatRate, formatSeconds } from '../shared/format.ts';
import { text } from '../text/index.ts';
import { disksQuery } from './queries.ts';

/** Those whose disks stand still: they are asked for, once. */
const STILL: readonly Migration['status'][] = ['awaiting_cutover', 'completed', 'committed', 'failed'];

/** How far it is; null: it has no disks that are known, or its row does not need them. */
export function useProgress(migration: Migration): Progress | null {
  const { client } = useApp();
  const { id, status } = migration;
  // Of those that run the stream tells; while it is cut, they are asked for.
  const cut = useFeed().state === 'lost';
  const runs = RUN.includes(status);
  const moving = useQuery<Moving, Error, readonly Disk[] | null>({
    queryKey: MOVING,
    queryFn: skipToken,
    select: (all) => all.get(id) ?? null,
  }).data;
  const wanted = migration.started_at !== null && (STILL.includes(status) || (runs && cut));
  const { data: asked } = useQuery({
    ...disksQuery(client, id),
    enabled: wanted,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const disks = runs ? ((cut ? asked : null) ?? moving) : wanted ? asked : null;
  return disks && disks.length > 0 ? progressOf(disks) : null;
}

export function ProgressCell({ migration }: { readonly migration: Migration }) {
  const progress = useProgress(migration);
  if (!progress || progress.bytesTotal === 0) return text.nothing;
  return (
    <Bar
      value={percentOf(progress)}
      size="sm"
      measureLocation={ProgressMeasureLocation.outside}
      aria-label={text.migrations.columns.progress}
    />
  );
}

export function RateCell({ migration }: { readonly migration: Migration }) {
  const progress = useProgress(migration);
  const rate = migration.status === 'running' ? progress?.bytesPerSecond : null;
  return rate ? formatRate(rate) : text.nothing;
}

export function EtaCell({ migration }: { readonly migration: Migration }) {
  const progress = useProgress(migration);
  const seconds = migration.status === 'running' ? progress?.etaSeconds : null;
  return seconds === null || seconds === undefined ? text.nothing : formatSeconds(seconds);
}
