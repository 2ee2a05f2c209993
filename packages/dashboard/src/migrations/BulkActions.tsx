import type { Migration } from '@guts/contract';
import { Alert, Button, List, ListItem, ToolbarGroup, ToolbarItem } from '@patternfly/react-core';
import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import { errorFacts } from '../api/error-facts.ts';
import { useApp } from '../app.tsx';
import { ConfirmDialog } from '../shared/ConfirmDialog.tsx';
import { useOnce } from '../shared/use-once.ts';
import { text } from '../text/index.ts';
import { actOnEach, type Refused } from './act.ts';

type Bulk = 'retry' | 'cancel';

/** Asks the same of all that are selected, of those that take it now. */
export function BulkActions({
  chosen,
  onDone,
}: {
  readonly chosen: readonly Migration[];
  readonly onDone: () => void;
}) {
  const { client } = useApp();
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  const [outcome, setOutcome] = useState<{ readonly done: number; readonly refused: readonly Refused[] }>();
  const run = useOnce(
    useCallback(
      async (action: Bulk, migrations: readonly Migration[]) => {
        const left = await actOnEach(client, queries, migrations, { action });
        setOutcome({ done: migrations.length - left.length, refused: left });
        setAsking(false);
        if (left.length === 0) onDone();
      },
      [client, queries, onDone],
    ),
  );
  const taking = (action: Bulk): readonly Migration[] =>
    chosen.filter(({ actions }) => actions.includes(action));
  const [retryable, cancellable] = [taking('retry'), taking('cancel')];
  return (
    <ToolbarGroup align={{ default: 'alignEnd' }} alignItems="center">
      <ToolbarItem alignSelf="center">{text.migrations.selected(chosen.length)}</ToolbarItem>
      <ToolbarItem>
        <Button
          variant="secondary"
          isDisabled={retryable.length === 0 || run.busy}
          onClick={() => run.run('retry', retryable)}
        >
          {`${text.migrations.bulkRetry} (${retryable.length})`}
        </Button>
      </ToolbarItem>
      <ToolbarItem>
        <Button
          variant="secondary"
          isDanger
          isDisabled={cancellable.length === 0 || run.busy}
          onClick={() => setAsking(true)}
        >
          {`${text.migrations.bulkCancel} (${cancellable.length})`}
        </Button>
      </ToolbarItem>
      <ToolbarItem>
        <Button variant="link" onClick={onDone}>
          {text.migrations.clear}
        </Button>
      </ToolbarItem>
      {outcome === undefined || outcome.refused.length === 0 ? null : (
        <Alert
          variant="warning"
          isInline
          title={text.migrations.bulkDone(outcome.done, outcome.refused.length)}
        >
          <List>
            {outcome.refused.map(({ migration, error }) => (
              <ListItem key={migration.id}>{`${migration.name}: ${errorFacts(error).message}`}</ListItem>
            ))}
          </List>
        </Alert>
      )}
      {asking ? (
        <ConfirmDialog
          title={text.migrations.confirm.bulkCancel(cancellable.length)}
          body={text.migrations.confirm.cancel.body}
          yes={text.migrations.bulkCancel}
          danger
          busy={run.busy}
          error={run.error}
          onYes={() => run.run('cancel', cancellable)}
          onClose={() => setAsking(false)}
        />
      ) : null}
    </ToolbarGroup>
  );
}
