import { readdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Vcsim } from '../../lab/real/test/support/vcsim.ts';

/** The folder of vcsim's first datastore; of the vcsim that was started last. */
export async function datastoreOf(): Promise<string> {
  const all: { path: string; at: number }[] = [];
  for (const name of await readdir(tmpdir())) {
    if (!/^govcsim-.*LocalDS_0/.test(name)) continue;
    const path = join(tmpdir(), name);
    all.push({ path, at: (await stat(path)).mtimeMs });
  }
  const [last] = all.toSorted((one, other) => other.at - one.at);
  if (!last) throw new Error('vcsim has made no datastore');
  return last.path;
}

export const environmentOf = ({
  url,
  username,
  password,
  fingerprint,
}: Omit<Vcsim, 'stop'>): NodeJS.ProcessEnv => ({
  VSPHERE_URL: url,
  VSPHERE_USERNAME: username,
  VSPHERE_PASSWORD: password,
  VSPHERE_FINGERPRINT: fingerprint,
});
