import { ApiCallError, type Migration, type Report } from '@guts/contract';
import {
  Alert,
  Button,
  Card,
  CardBody,
  CardTitle,
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
  Label,
  LabelGroup,
} from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useApp } from '../app.tsx';
import { ErrorNote } from '../shared/ErrorNote.tsx';
import { Findings } from '../shared/Findings.tsx';
import { formatBytes, formatSeconds } from '../shared/format.ts';
import { Loading } from '../shared/Loading.tsx';
import { text } from '../text/index.ts';
import { ArtifactId } from './ArtifactId.tsx';
import { ConsoleCard } from './ConsoleCard.tsx';
import { reportQuery } from './queries.ts';

const words = text.migrations.report;

/** What a migration did, and what proves it. */
export function ReportTab({ migration }: { readonly migration: Migration }) {
  const { client } = useApp();
  const { data: report, error } = useQuery(reportQuery(client, migration.id));
  if (!report) {
    if (!error) return <Loading />;
    if (error instanceof ApiCallError && [404, 409].includes(error.status))
      return <Alert variant="info" isInline isPlain title={words.none} />;
    return <ErrorNote error={error} />;
  }
  return (
    <div className="guts-report">
      <Card>
        <CardTitle component="h2">{words.summary}</CardTitle>
        <CardBody>
          <p className="guts-summary">{report.summary}</p>
          <Proofs report={report} />
          <Facts report={report} migration={migration} />
          <Button variant="link" isInline className="guts-noprint" onClick={() => window.print()}>
            {words.print}
          </Button>
        </CardBody>
      </Card>
      <Card>
        <CardTitle component="h2">{words.disks}</CardTitle>
        <CardBody>{report.disks.length === 0 ? words.noDisks : <Disks disks={report.disks} />}</CardBody>
      </Card>
      <ConsoleCard id={migration.id} report={report} />
      <Card>
        <CardTitle component="h2">{words.findings}</CardTitle>
        <CardBody>
          {report.findings.length === 0 ? words.noFindings : <Findings findings={report.findings} />}
        </CardBody>
      </Card>
      <Card>
        <CardTitle component="h2">{words.steps}</CardTitle>
        <CardBody>
          <Steps steps={report.steps} />
        </CardBody>
      </Card>
    </div>
  );
}

function Proofs({ report: { verified, boot } }: { readonly report: Report }) {
  const bootWords = boot === null ? words.bootNone : boot.proven ? words.bootProven : words.bootNotProven;
  return (
    <LabelGroup aria-label={words.summary}>
      <Label status={verified ? 'success' : 'warning'}>{verified ? words.verified : words.notVerified}</Label>
      <Label status={boot?.proven ? 'success' : 'warning'}>{bootWords}</Label>
    </LabelGroup>
  );
}

/** In these its server is there, as far as GUTS knows. */
const MOVED: readonly Migration['status'][] = ['completed', 'committed'];

function Facts({ report, migration }: { readonly report: Report; readonly migration: Migration }) {
  const seconds = (value: number | null): string => (value === null ? text.nothing : formatSeconds(value));
  const server = {
    kind: 'server',
    external_id: report.server_id,
    status: MOVED.includes(migration.status) ? 'created' : 'removed',
  } as const;
  const facts: readonly (readonly [string, ReactNode])[] = [
    [words.duration, seconds(report.duration_seconds)],
    [words.downtime, seconds(report.downtime_seconds)],
    [words.read, formatBytes(report.bytes_read)],
    [words.written, formatBytes(report.bytes_written)],
    [words.server, <ArtifactId key="server" artifact={server} migration={migration} />],
  ];
  return (
    <DescriptionList isCompact columnModifier={{ default: '1Col', md: '3Col' }} className="guts-gap">
      {facts.map(([term, fact]) => (
        <DescriptionListGroup key={term}>
          <DescriptionListTerm>{term}</DescriptionListTerm>
          <DescriptionListDescription>{fact}</DescriptionListDescription>
        </DescriptionListGroup>
      ))}
    </DescriptionList>
  );
}

function Disks({ disks }: { readonly disks: Report['disks'] }) {
  return (
    <Table aria-label={words.disks} variant="compact" gridBreakPoint="">
      <Thead>
        <Tr>
          {[words.disk, words.capacity, words.transport, words.method, words.checked, words.result].map(
            (title) => (
              <Th key={title}>{title}</Th>
            ),
          )}
        </Tr>
      </Thead>
      <Tbody>
        {disks.map(({ key, label, capacity_bytes: capacity, transport, verification: seen }) => (
          <Tr key={key}>
            <Td dataLabel={words.disk}>{label}</Td>
            <Td dataLabel={words.capacity}>{formatBytes(capacity)}</Td>
            <Td dataLabel={words.transport}>{transport ?? text.nothing}</Td>
            <Td dataLabel={words.method}>{seen ? words.methods[seen.method] : text.nothing}</Td>
            <Td dataLabel={words.checked}>
              {seen
                ? [formatBytes(seen.bytes_checked), seen.sampled ? words.sampled : null]
                    .filter(Boolean)
                    .join(' ')
                : text.nothing}
            </Td>
            <Td dataLabel={words.result}>
              {seen ? (
                <Label isCompact status={seen.matches ? 'success' : 'danger'}>
                  {seen.matches ? words.equal : words.differs}
                </Label>
              ) : (
                words.notChecked
              )}
              {seen && seen.bytes_repaired > 0
                ? ` ${words.repaired}: ${formatBytes(seen.bytes_repaired)}`
                : null}
              {seen ? <div className="guts-quiet">{seen.detail}</div> : null}
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}

function Steps({ steps }: { readonly steps: Report['steps'] }) {
  return (
    <Table aria-label={words.steps} variant="compact" gridBreakPoint="">
      <Thead>
        <Tr>
          <Th width={25}>{words.step}</Th>
          <Th width={15}>{words.status}</Th>
          <Th width={15}>{words.time}</Th>
          <Th>{words.note}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {steps.map(({ step, status, attempt, seconds, note }) => (
          <Tr key={`${step}-${attempt}`}>
            <Td dataLabel={words.step}>{stepName(step)}</Td>
            <Td dataLabel={words.status}>
              {[stepStatus(status), attempt > 1 ? text.migrations.detail.attempt(attempt) : null]
                .filter(Boolean)
                .join(', ')}
            </Td>
            <Td dataLabel={words.time}>{seconds === null ? text.nothing : formatSeconds(seconds)}</Td>
            <Td dataLabel={words.note}>{note ?? ''}</Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}

/** A newer guts-api may know more words. */
const stepName = (step: string): string => (text.migrations.steps as Record<string, string>)[step] ?? step;
const stepStatus = (status: string): string =>
  (text.migrations.detail.stepStatus as Record<string, string>)[status] ?? status;
