import type { Migration } from '@guts/contract';
import { Progress as Bar, ProgressMeasureLocation } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useApp } from '../app.tsx';
import { percentOf, type Progress, progressOf } from '../live/progress.ts';
import { formatRate, formatSeconds } from '../shared/format.ts';
import { text } from '../text/index.ts';
import { disksQuery } from './queries.ts';

const MOVING: readonly Migration['status'][] = [
  'running',
  'awaiting_cutover',
  'completed',
  'committed',
  'committing',
  'failed',
];

/** How far it is; null: it has no disks that are known, or its row does not need them. */
export function useProgress(migration: Migration): Progress | null {
  const { client } = useApp();
  const wanted = MOVING.includes(migration.status) && migration.started_at !== null;
  const { data } = useQuery({
    ...disksQuery(client, migration.id),
    enabled: wanted,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return wanted && data && data.length > 0 ? progressOf(data) : null;
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
