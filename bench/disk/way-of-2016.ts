import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cloudEntry, CLOUDS_FILE } from '../../lab/real/test/support/lab.ts';
import type { Vcsim } from '../../lab/real/test/support/vcsim.ts';

/** Where the test disk's export lies on vcsim's datastore. */
export const exportUrl = (vcsim: Vcsim): string =>
  `${vcsim.url}/folder/bench/bench.vmdk?dcPath=DC0&dsName=LocalDS_0`;

/**
 * The command that brings `bench/bench.vmdk` of vcsim's datastore to OpenStack as the first GUTS did.
 * @param boot flavor and network; default: as far as an image
 */
export function wayOf2016(vcsim: Vcsim, folder: string, boot = ''): string {
  return `python3 ${join(import.meta.dirname, 'way_of_2016.py')} '${exportUrl(vcsim)}' bench-2016 ${folder} ${boot}`;
}

/** A file with which curl logs in to vcsim. */
export async function loginFile({ username, password }: Vcsim, folder: string): Promise<string> {
  const path = join(folder, 'vcsim-login');
  await writeFile(path, `user = "${username}:${password}"\n`, { mode: 0o600 });
  return path;
}

/** What that command needs to know. @param folder where its file with the password of vcsim is made */
export async function environmentOf2016(
  vcsim: Vcsim,
  folder: string,
  cloud: string,
): Promise<NodeJS.ProcessEnv> {
  const { auth } = cloudEntry(cloud);
  return {
    VSPHERE_LOGIN_FILE: await loginFile(vcsim, folder),
    OS_CLIENT_CONFIG_FILE: CLOUDS_FILE,
    OS_CLOUD: cloud,
    OS_AUTH_URL: auth['auth_url'],
    OS_USERNAME: auth['username'],
    OS_PASSWORD: auth['password'],
    OS_PROJECT_NAME: auth['project_name'],
  };
}
