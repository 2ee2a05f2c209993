import type { InstanceCheck } from '@guts/contract';
import { ExpandableSection, Label, Spinner, Title } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useApp } from '../app.tsx';
import { ErrorNote } from '../shared/ErrorNote.tsx';
import { Findings } from '../shared/Findings.tsx';
import { formatBytes, formatSeconds } from '../shared/format.ts';
import { text } from '../text/index.ts';
import { type Draft, isAskable, sharedBody } from './draft.ts';
import { checksQuery, MOST_ALONE, summaryQuery } from './queries.ts';

const words = text.wizard.preflight;
/** After the last change; milliseconds. */
const SETTLE_MS = 400;

function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

/** What preflight says of a draft as it is now. */
export function PreflightPanel({ draft }: { readonly draft: Draft }) {
  const settled = useSettled(draft);
  return (
    <section aria-label={words.title}>
      <Title headingLevel="h2" size="md">
        {words.title}
      </Title>
      {!isAskable(settled) ? (
        <p className="guts-quiet">{words.waiting}</p>
      ) : settled.instances.length > MOST_ALONE ? (
        <Together draft={settled} />
      ) : (
        <Each draft={settled} />
      )}
    </section>
  );
}

const RESULTS = { ready: 'success', warned: 'warning', blocked: 'danger' } as const;

function Each({ draft }: { readonly draft: Draft }) {
  const { client } = useApp();
  const { data, error, isFetching } = useQuery(checksQuery(client, sharedBody(draft), draft.instances));
  if (error) return <ErrorNote error={error} />;
  if (!data) return <Checking />;
  const { checks, not_asked: later } = data;
  const count = (result: InstanceCheck['result']): number =>
    checks.filter((one) => one.result === result).length;
  const sum = (value: (check: InstanceCheck) => number): number =>
    checks.reduce((total, check) => total + value(check), 0);
  return (
    <>
      <p aria-live="polite">
        {words.counts(count('ready'), count('warned'), count('blocked'))}{' '}
        {isFetching ? <Spinner size="sm" /> : null}
      </p>
      <p className="guts-quiet">
        {[
          words.amount(formatBytes(sum(({ prediction }) => prediction.capacity_bytes))),
          words.duration(formatSeconds(sum(({ prediction }) => prediction.seconds))),
        ].join(', ')}
      </p>
      {checks.map((check) => (
        <OneCheck key={check.ref} check={check} open={checks.length === 1} />
      ))}
      {later.length === 0 ? null : <p className="guts-quiet">{words.later(later.length)}</p>}
    </>
  );
}

function OneCheck({ check, open }: { readonly check: InstanceCheck; readonly open: boolean }) {
  const findings = check.findings.length === 0 ? <p>{words.well}</p> : <Findings findings={check.findings} />;
  if (open) return findings;
  return (
    <ExpandableSection
      toggleContent={
        <>
          <Label isCompact status={RESULTS[check.result]}>
            {check.findings.length}
          </Label>{' '}
          {check.name}
        </>
      }
    >
      {findings}
    </ExpandableSection>
  );
}

function Together({ draft }: { readonly draft: Draft }) {
  const { client } = useApp();
  const { data, error, isFetching } = useQuery(summaryQuery(client, sharedBody(draft), draft.instances));
  if (error) return <ErrorNote error={error} />;
  if (!data) return <Checking />;
  return (
    <>
      <p aria-live="polite">
        {words.counts(data.ready, data.warned, data.blocked)} {isFetching ? <Spinner size="sm" /> : null}
      </p>
      <p className="guts-quiet">{words.amount(formatBytes(data.totals.capacity_bytes))}</p>
      <Findings
        findings={[
          ...data.findings,
          ...data.rules.map(({ code, severity, title, instances }) => ({
            code,
            severity,
            message: words.rule(title, instances),
          })),
        ]}
      />
      {data.not_asked.length === 0 ? null : (
        <p className="guts-quiet">{words.later(data.not_asked.length)}</p>
      )}
    </>
  );
}

function Checking() {
  return (
    <p>
      <Spinner size="sm" aria-label={words.checking} /> {words.checking}
    </p>
  );
}
