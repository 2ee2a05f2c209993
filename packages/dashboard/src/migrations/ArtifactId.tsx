import type { Artifact } from '@guts/contract';
import { useApp } from '../app.tsx';
import { text } from '../text/index.ts';
import { horizonPath } from './horizon-path.ts';

/** The id of an artifact where it lies; inside Horizon a link to it. */
export function ArtifactId({ artifact }: { readonly artifact: Artifact }) {
  const { boot } = useApp();
  const { external_id: id, status } = artifact;
  if (id === null) return text.nothing;
  const path = boot.mode === 'horizon' && status === 'created' ? horizonPath(artifact, boot) : null;
  return path === null ? <code>{id}</code> : <a href={path}>{id}</a>;
}
