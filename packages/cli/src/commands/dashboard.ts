import { routes } from '@guts/contract';
import type { CliContext } from '../context.ts';
import { showJson } from '../output/show.ts';

/** `guts dashboard`. */
export async function showDashboardLink({ client, json, out }: CliContext): Promise<void> {
  const link = await client.call(routes.dashboard.link);
  if (json) showJson(out, link);
  else out.write(`${link.url}\n`);
}
