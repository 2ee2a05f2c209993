import type { Artifact, Migration } from '@guts/contract';
import ExternalIcon from '@patternfly/react-icons/dist/esm/icons/external-link-alt-icon.js';
import { useQuery } from '@tanstack/react-query';
import { useApp } from '../app.tsx';
import { endpointsQuery } from '../endpoints/queries.ts';
import { text } from '../text/index.ts';
import { horizonAddress, horizonPath } from './horizon-path.ts';

interface Props {
  readonly artifact: Pick<Artifact, 'kind' | 'external_id' | 'status'>;
  readonly migration: Pick<Migration, 'destination_id'>;
}

/** The id of an artifact where it lies; a link to it inside Horizon, or where the destination says where Horizon is. */
export function ArtifactId({ artifact, migration }: Props) {
  const { boot } = useApp();
  const { external_id: id, status } = artifact;
  if (id === null) return text.nothing;
  if (status !== 'created') return <code>{id}</code>;
  if (boot.mode === 'alone') return <Elsewhere artifact={artifact} migration={migration} />;
  const path = horizonPath(artifact, boot);
  return path === null ? <code>{id}</code> : <a href={path}>{id}</a>;
}

function Elsewhere({ artifact, migration }: Props) {
  const { client } = useApp();
  const { data } = useQuery(endpointsQuery(client, 'destination'));
  const { settings } = data?.find(({ id }) => id === migration.destination_id) ?? {};
  const id = artifact.external_id ?? '';
  const address = horizonAddress(artifact, settings?.['horizon_url']);
  if (address === null) return <code>{id}</code>;
  return (
    <a href={address} target="_blank" rel="noreferrer" aria-label={text.migrations.detail.inHorizon(id)}>
      {id} <ExternalIcon />
    </a>
  );
}
