import type { Migration, MigrationAction } from '@guts/contract';
import { Button, Checkbox, Flex, Radio } from '@patternfly/react-core';
import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import { useMay } from '../api/me.ts';
import { useApp } from '../app.tsx';
import { ConfirmDialog } from '../shared/ConfirmDialog.tsx';
import { ErrorNote } from '../shared/ErrorNote.tsx';
import { useOnce } from '../shared/use-once.ts';
import { text } from '../text/index.ts';
import { act } from './act.ts';

type Action = Migration['actions'][number];
const ORDER: readonly Action[] = ['cutover', 'commit', 'retry', 'revert', 'cancel'];
const ASKS: readonly Action[] = ['cancel', 'revert', 'commit'];

/** What the migration takes now and who looks may ask for. */
export function Actions({ migration }: { readonly migration: Migration }) {
  const { client } = useApp();
  const queries = useQueryClient();
  const may = useMay();
  const [asking, setAsking] = useState<Action | null>(null);
  const run = useOnce(
    useCallback(
      async (body: MigrationAction) => {
        await act(client, queries, migration.id, body);
        setAsking(null);
      },
      [client, queries, migration.id],
    ),
  );
  if (!may('migrations:act')) return null;
  const offered = ORDER.filter((action) => migration.actions.includes(action));
  const ask = (action: Action): void => {
    run.clear();
    if (ASKS.includes(action)) setAsking(action);
    else run.run({ action });
  };
  const close = (): void => setAsking(null);
  return (
    <Flex>
      {offered.map((action) => (
        <Button
          key={action}
          variant={action === offered[0] && action !== 'cancel' ? 'primary' : 'secondary'}
          isDanger={action === 'cancel' || action === 'revert'}
          isDisabled={run.busy}
          onClick={() => ask(action)}
        >
          {text.migrations.actions[action]}
        </Button>
      ))}
      {run.error !== null && asking === null ? <ErrorNote error={run.error} /> : null}
      {asking === 'revert' ? <RevertDialog run={run} onClose={close} /> : null}
      {asking === 'cancel' || asking === 'commit' ? (
        <ConfirmDialog
          {...text.migrations.confirm[asking]}
          danger={asking === 'cancel'}
          busy={run.busy}
          error={run.error}
          onYes={() => run.run({ action: asking })}
          onClose={close}
        />
      ) : null}
    </Flex>
  );
}

function RevertDialog({
  run,
  onClose,
}: {
  readonly run: {
    readonly run: (body: MigrationAction) => void;
    readonly busy: boolean;
    readonly error: unknown;
  };
  readonly onClose: () => void;
}) {
  const [target, setTarget] = useState<'park' | 'remove'>('park');
  const [understood, setUnderstood] = useState(false);
  const words = text.migrations.confirm.revert;
  return (
    <ConfirmDialog
      title={words.title}
      body={words.body}
      yes={words.yes}
      danger
      busy={run.busy}
      error={run.error}
      ready={understood}
      onYes={() => run.run({ action: 'revert', confirm: true, target })}
      onClose={onClose}
    >
      <fieldset className="guts-choices">
        <legend>{words.target}</legend>
        {(['park', 'remove'] as const).map((one) => (
          <Radio
            key={one}
            id={`revert-${one}`}
            name="revert-target"
            label={words[one]}
            isChecked={target === one}
            onChange={() => setTarget(one)}
          />
        ))}
      </fieldset>
      <Checkbox
        id="revert-understood"
        label={words.understood}
        isChecked={understood}
        onChange={(_event, on) => setUnderstood(on)}
      />
    </ConfirmDialog>
  );
}
