import { ApiCallError, plainText, type Report } from '@guts/contract';
import {
  Alert,
  Button,
  Card,
  CardBody,
  CardTitle,
  CodeBlock,
  CodeBlockAction,
  CodeBlockCode,
  ExpandableSection,
} from '@patternfly/react-core';
import CopyIcon from '@patternfly/react-icons/dist/esm/icons/copy-icon.js';
import { useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useState } from 'react';
import { useMay } from '../api/me.ts';
import { useApp } from '../app.tsx';
import { errorFacts } from '../api/error-facts.ts';
import { ErrorNote } from '../shared/ErrorNote.tsx';
import { formatTime } from '../shared/format.ts';
import { Loading } from '../shared/Loading.tsx';
import { useOnce } from '../shared/use-once.ts';
import { text } from '../text/index.ts';
import { consoleQuery } from './queries.ts';

const words = text.migrations.report.console;
/** How long a copy is said to be done; milliseconds. */
const COPIED_MS = 2000;

/** What proves the boot, or why nothing does; and what the console showed, when it was looked at. */
export function ConsoleCard({ id, report }: { readonly id: string; readonly report: Report }) {
  const may = useMay()('migrations:console');
  const [isOpen, setOpen] = useState(false);
  const looked = report.steps.some(({ step, status }) => step === 'verify-boot' && status !== 'skipped');
  if (!looked && report.boot === null) return null;
  return (
    <Card>
      <CardTitle component="h2">{words.title}</CardTitle>
      <CardBody>
        {report.boot === null ? null : (
          <CodeBlock>
            <CodeBlockCode className="guts-console">{plainText(report.boot.evidence)}</CodeBlockCode>
          </CodeBlock>
        )}
        {may ? (
          <ExpandableSection
            toggleText={isOpen ? words.hide : words.show}
            isExpanded={isOpen}
            onToggle={(_event, open) => setOpen(open)}
          >
            {isOpen ? <Shown id={id} /> : null}
          </ExpandableSection>
        ) : null}
      </CardBody>
    </Card>
  );
}

function Shown({ id }: { readonly id: string }) {
  const { client } = useApp();
  const { data: kept, error } = useQuery(consoleQuery(client, id));
  if (!kept) {
    if (!error) return <Loading />;
    if (!(error instanceof ApiCallError && error.status === 404)) return <ErrorNote error={error} />;
    const { message, remedy } = errorFacts(error);
    return (
      <Alert variant="info" isInline isPlain title={message}>
        {remedy}
      </Alert>
    );
  }
  const shown = plainText(kept.text).trimEnd();
  if (shown === '') return <p>{words.empty}</p>;
  return (
    <>
      <p className="guts-quiet">
        {[words.seen(formatTime(kept.at)), kept.truncated ? words.truncated : null].filter(Boolean).join(' ')}
      </p>
      <CodeBlock actions={window.isSecureContext ? <Copy shown={shown} /> : undefined}>
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls: the keyboard must reach it */}
        <section className="guts-console-all" aria-label={words.title} tabIndex={0}>
          <CodeBlockCode className="guts-console">{shown}</CodeBlockCode>
        </section>
      </CodeBlock>
    </>
  );
}

/** Browsers give the clipboard to pages that came over TLS or from this host alone. */
function Copy({ shown }: { readonly shown: string }) {
  const [copied, setCopied] = useState(false);
  const copy = useOnce(
    useCallback(async () => {
      await navigator.clipboard.writeText(shown);
      setCopied(true);
    }, [shown]),
  );
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), COPIED_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <CodeBlockAction>
      <Button variant="link" icon={<CopyIcon />} isDisabled={copy.busy} onClick={() => copy.run()}>
        {copied ? text.copied : words.copy}
      </Button>
      {copy.error === null ? null : <ErrorNote error={copy.error} />}
    </CodeBlockAction>
  );
}
