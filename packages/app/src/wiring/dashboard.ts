import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Output } from '@guts/cli';
import type { Log } from '@guts/core';

/** Where the build puts the dashboard: beside the bundle that this is part of. */
export const builtDashboard = (): string => fileURLToPath(new URL('dashboard/', import.meta.url));

export interface Telling {
  readonly log: Log;
  /** Where to tell a person something; left out: nowhere. */
  readonly out?: Output;
}

/**
 * Says at start where the dashboard is. The link that signs in is shown on a terminal alone: what is written elsewhere
 * is kept, by a journal for one, and read by others.
 * @param folder what the build made
 * @param address of guts-api, as clients reach it
 * @param link makes the path of a link that signs in; null: people sign in at Keystone
 */
export function tellDashboard(
  { log, out }: Telling,
  folder: string,
  address: string,
  link: () => string | null,
): void {
  if (!existsSync(join(folder, 'index.html'))) {
    log.info({ folder }, 'the dashboard is not installed here: /dashboard/ is answered with 404');
    return;
  }
  const origin = address.replace(/\/+$/, '');
  const path = link();
  if (path !== null && out?.isTTY === true)
    out.write(`The dashboard; this link signs in once, within ten minutes: ${origin}${path}\n`);
  const how = path === null ? 'sign in as at Keystone' : 'guts dashboard prints a link that signs in';
  log.info({ address: `${origin}/dashboard/` }, `the dashboard is served: ${how}`);
}
