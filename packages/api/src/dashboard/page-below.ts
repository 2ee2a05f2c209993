import { DASHBOARD_PATH } from '@guts/contract';
import { GutsError } from '@guts/core';

const BASE = `<base href="${DASHBOARD_PATH}"`;
const BOOT = /(<script type="application\/json" id="guts-boot">)(.*?)(<\/script>)/s;

/**
 * The dashboard's page as it is served below a path: relative addresses and those of the API begin with it. The page
 * stays one of files and data alone: no script of its own, which its policy for contents would refuse.
 * @param prefix as {@link pathOfAddress} gives it: escaped as paths are; empty: the page as it was built
 * @throws GutsError `internal` when the page has no place for it
 */
export function pageBelow(prefix: string, html: string): string {
  if (prefix === '') return html;
  const block = BOOT.exec(html)?.[2];
  if (!html.includes(BASE) || block === undefined)
    throw new GutsError('internal', 'the page of the dashboard has no <base> or no block of data', {
      remedy: 'Build it anew (npm run build): it is of another version than this guts-api.',
    });
  const base = `${prefix}${DASHBOARD_PATH}`;
  const boot = { ...(JSON.parse(block) as Record<string, unknown>), base, api: prefix };
  const text = JSON.stringify(boot).replaceAll('<', '\\u003c');
  const attribute = base.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
  return html
    .replace(BASE, () => `<base href="${attribute}"`)
    .replace(BOOT, (_all, open: string, _block: string, close: string) => `${open}${text}${close}`);
}
