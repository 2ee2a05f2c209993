import type { BulkAnswer } from '@guts/contract';
import {
  Alert,
  Button,
  ClipboardCopy,
  ClipboardCopyVariant,
  CodeBlock,
  CodeBlockCode,
  ExpandableSection,
  List,
  ListItem,
} from '@patternfly/react-core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useCallback, useState } from 'react';
import { useApp } from '../app.tsx';
import { withNewer } from '../live/changes.ts';
import { hold } from '../migrations/queries.ts';
import { ErrorNote } from '../shared/ErrorNote.tsx';
import { useOnce } from '../shared/use-once.ts';
import { text } from '../text/index.ts';
import { commandOf } from './command.ts';
import { bodiesOf, type Draft, missingOf, sharedBody } from './draft.ts';
import { forgetDraft } from './draft-store.ts';
import { checksQuery, draftInstancesQuery, MOST_ALONE } from './queries.ts';
import { sentenceOf } from './sentence.ts';
import { startMigrations } from './start.ts';

const words = text.wizard.review;
/** So many commands are written out. */
const SHOWN = 20;

/** What will happen, said in three ways, and the button that starts it. */
export function ReviewStep({ id, draft }: { readonly id: string; readonly draft: Draft }) {
  const { client } = useApp();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const instances = useQuery(draftInstancesQuery(client, draft.source, draft.instances)).data ?? [];
  const [answer, setAnswer] = useState<BulkAnswer | null>(null);
  const bodies = bodiesOf(draft);
  const complete = missingOf(draft).size === 0;
  const start = useOnce(
    useCallback(
      async (asked: Draft) => {
        const told = await startMigrations(client, id, bodiesOf(asked));
        const migrations = told.results.flatMap(({ migration }) => migration ?? []);
        hold(queries, (byId) => withNewer(byId, migrations));
        if (told.refused > 0) return setAnswer(told);
        forgetDraft(id);
        const [only] = migrations;
        if (migrations.length === 1 && only)
          return navigate({ to: '/migrations/$id', params: { id: only.id }, replace: true });
        return navigate({ to: '/migrations', replace: true });
      },
      [client, queries, navigate, id],
    ),
  );
  if (!complete) return <Alert variant="warning" isInline title={text.wizard.missing} />;
  const nameOf = (ref: string): string => instances.find((one) => one.ref === ref)?.name ?? ref;
  const machines = draft.instances.map(nameOf);
  const commands = bodies.slice(0, SHOWN).map(commandOf);
  const shared = bodies.length === 1 ? bodies[0] : { migrations: bodies.slice(0, SHOWN) };
  return (
    <div className="guts-report">
      <section aria-label={words.sentence}>
        <p className="guts-sentence">{sentenceOf(draft, machines)}</p>
      </section>
      <Blocked draft={draft} />
      {start.error === null ? null : <ErrorNote error={start.error} />}
      {answer ? <Refused answer={answer} nameOf={(index) => machines[index] ?? ''} /> : null}
      <div className="guts-steps-foot">
        <Button
          size="lg"
          isLoading={start.busy}
          isDisabled={start.busy || answer !== null}
          onClick={() => start.run(draft)}
        >
          {words.start(bodies.length)}
        </Button>
        <Link to="/new" search={{ draft: id, step: 'options' }} className="pf-v6-c-button pf-m-secondary">
          {text.back}
        </Link>
      </div>
      <ExpandableSection toggleText={bodies.length === 1 ? words.command : words.commands(bodies.length)}>
        <ClipboardCopy
          isReadOnly
          isExpanded
          isCode
          variant={ClipboardCopyVariant.expansion}
          hoverTip={text.copy}
          clickTip={text.copied}
        >
          {[
            ...commands,
            ...(bodies.length > SHOWN ? [`# ${text.wizard.more(bodies.length - SHOWN)}`] : []),
          ].join('\n')}
        </ClipboardCopy>
      </ExpandableSection>
      <ExpandableSection toggleText={words.api}>
        <CodeBlock>
          <CodeBlockCode>
            {`POST ${bodies.length === 1 ? '/v1/migrations' : '/v1/migrations/bulk'}\n\n${JSON.stringify(shared, null, 2)}`}
          </CodeBlockCode>
        </CodeBlock>
      </ExpandableSection>
    </div>
  );
}

function Blocked({ draft }: { readonly draft: Draft }) {
  const { client } = useApp();
  const few = draft.instances.length <= MOST_ALONE;
  const { data } = useQuery({ ...checksQuery(client, sharedBody(draft), draft.instances), enabled: few });
  const blocked = data?.checks.some(({ result }) => result === 'blocked') ?? false;
  return blocked ? <Alert variant="danger" isInline title={words.blocked} /> : null;
}

function Refused({
  answer: { created, refused, results },
  nameOf,
}: {
  readonly answer: BulkAnswer;
  readonly nameOf: (index: number) => string;
}) {
  return (
    <Alert
      variant="warning"
      isInline
      title={words.refused(refused)}
      actionLinks={<Link to="/migrations">{words.board}</Link>}
    >
      <List>
        {results.map(({ index, error }) =>
          error === null ? null : (
            <ListItem key={index}>
              {`${nameOf(index)}: ${error.message}`} {error.remedy}
            </ListItem>
          ),
        )}
      </List>
      {created > 0 ? <p>{words.made(created)}</p> : null}
    </Alert>
  );
}
