import type { Endpoint } from '@guts/contract';
import { useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import { useApp } from '../app.tsx';
import { ConfirmDialog } from '../shared/ConfirmDialog.tsx';
import { useOnce } from '../shared/use-once.ts';
import { text } from '../text/index.ts';
import { removeEndpoint, type Side } from './queries.ts';

const words = text.endpoints;

/** Asks before a source or destination is forgotten. */
export function RemoveDialog({
  endpoint,
  side,
  onClose,
  onDone,
}: {
  readonly endpoint: Endpoint;
  readonly side: Side;
  readonly onClose: () => void;
  readonly onDone: () => void;
}) {
  const { client } = useApp();
  const queries = useQueryClient();
  const remove = useOnce(
    useCallback(async () => {
      await removeEndpoint(client, side, endpoint.id);
      onDone();
      await queries.invalidateQueries({ queryKey: [`${side}s`] });
    }, [client, queries, side, endpoint.id, onDone]),
  );
  return (
    <ConfirmDialog
      title={words[side].remove(endpoint.name)}
      body={words[side].removeHelp}
      yes={words.remove}
      danger
      busy={remove.busy}
      error={remove.error}
      onYes={() => remove.run()}
      onClose={onClose}
    />
  );
}
