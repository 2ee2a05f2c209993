import type { Disk, Migration } from '@guts/contract';
import {
  Card,
  CardBody,
  CardTitle,
  Grid,
  GridItem,
  Progress as Bar,
  ProgressMeasureLocation,
  ProgressStep,
  ProgressStepper,
} from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { useApp } from '../app.tsx';
import { percentOf, progressOf } from '../live/progress.ts';
import { ErrorNote } from '../shared/ErrorNote.tsx';
import { formatBytes, formatRate, formatSeconds } from '../shared/format.ts';
import { useNow } from '../shared/use-now.ts';
import { text } from '../text/index.ts';
import { disksQuery, stepsQuery } from './queries.ts';
import { secondsOf, timelineOf, type TimelineStep } from './timeline.ts';
import { Waiting } from './Waiting.tsx';

const Graph = lazy(async () => ({ default: (await import('../graph/MigrationGraph.tsx')).MigrationGraph }));

/** What was done, what is done now, and how far each disk is. */
export function ProgressTab({ migration }: { readonly migration: Migration }) {
  const { client } = useApp();
  const steps = useQuery(stepsQuery(client, migration.id));
  const disks = useQuery(disksQuery(client, migration.id));
  const words = text.migrations.detail;
  return (
    <Grid hasGutter>
      <GridItem lg={5}>
        <Card isFullHeight>
          <CardTitle component="h2">{words.timeline}</CardTitle>
          <CardBody>
            {steps.error ? <ErrorNote error={steps.error} /> : null}
            <Timeline steps={timelineOf(migration.mode, steps.data ?? [])} />
          </CardBody>
        </Card>
      </GridItem>
      <GridItem lg={7} className="guts-report">
        <Waiting migration={migration} />
        <Card>
          <CardTitle component="h2">{words.disks}</CardTitle>
          <CardBody>
            {disks.error ? <ErrorNote error={disks.error} /> : null}
            {disks.data?.length === 0 ? words.noDisks : null}
            {disks.data?.map((disk) => (
              <DiskBar key={disk.key} disk={disk} />
            ))}
          </CardBody>
        </Card>
        <Suspense fallback={null}>
          <Graph migration={migration} />
        </Suspense>
      </GridItem>
    </Grid>
  );
}

const VARIANTS = {
  done: 'success',
  running: 'info',
  failed: 'danger',
  skipped: 'default',
  undone: 'warning',
} as const;

function Timeline({ steps }: { readonly steps: readonly TimelineStep[] }) {
  const now = useNow(steps.some(({ last }) => last?.status === 'running'));
  return (
    <ProgressStepper isVertical aria-label={text.migrations.detail.timeline}>
      {steps.map(({ name, last }) => (
        <ProgressStep
          key={name}
          id={`step-${name}`}
          titleId={`step-${name}-title`}
          variant={last ? VARIANTS[last.status] : 'pending'}
          isCurrent={last?.status === 'running'}
          aria-label={last ? text.migrations.detail.stepStatus[last.status] : text.migrations.detail.notYet}
          description={<StepLine step={last} now={now} />}
        >
          {text.migrations.steps[name]}
        </ProgressStep>
      ))}
    </ProgressStepper>
  );
}

function StepLine({ step, now }: { readonly step: TimelineStep['last']; readonly now: number }) {
  const words = text.migrations.detail;
  if (!step) return words.notYet;
  const duration = formatSeconds(secondsOf(step, now));
  const line = [
    step.attempt > 1 ? words.attempt(step.attempt) : null,
    step.status === 'running' ? words.since(duration) : words.stepStatus[step.status],
    step.status === 'done' || step.status === 'failed' ? words.took(duration) : null,
  ];
  const why = step.error?.message ?? step.note;
  return (
    <>
      <span>{line.filter((part) => part !== null).join(', ')}</span>
      {why === null ? null : <span className="guts-why">{why}</span>}
    </>
  );
}

function DiskBar({ disk }: { readonly disk: Disk }) {
  const words = text.migrations.detail;
  const progress = progressOf([disk]);
  const parts = [
    words.diskStates[disk.state],
    disk.bytes_total === 0
      ? formatBytes(disk.capacity_bytes)
      : words.amount(formatBytes(disk.bytes_done), formatBytes(disk.bytes_total)),
    disk.bytes_per_second === null ? null : formatRate(disk.bytes_per_second),
    disk.eta_seconds === null ? null : formatSeconds(disk.eta_seconds),
  ];
  return (
    <Bar
      className="guts-disk"
      title={disk.label}
      id={`disk-${disk.key}`}
      value={percentOf(progress)}
      measureLocation={ProgressMeasureLocation.top}
      {...(disk.state === 'mismatch' ? { variant: 'danger' as const } : {})}
      {...(disk.state === 'verified' ? { variant: 'success' as const } : {})}
      helperText={parts.filter((part) => part !== null).join(' · ')}
    />
  );
}
