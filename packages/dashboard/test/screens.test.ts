import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Throughput } from '@guts/contract';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, NEEDS_CHROMIUM, withoutChromium } from './chromium.ts';
import { expectNoFaults, type Visit, visit } from './visit.ts';
import { HTML_NAME, World } from './world.ts';

/** Pictures of every screen are written there when it is set. */
const PICTURES = process.env['GUTS_PICTURES'];
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const THEMES = ['light', 'dark'] as const;

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string | null;
    readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
  }[];
}

/** What keeps people from using a screen, as axe-core finds it. */
async function seriousIssues(page: Page): Promise<readonly string[]> {
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(): Promise<AxeResult> } }).axe.run(),
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}: ${failureSummary}`));
}

async function show(page: Page, theme: (typeof THEMES)[number]): Promise<void> {
  await page.evaluate((wanted) => {
    localStorage.setItem('guts.theme', wanted);
    window.dispatchEvent(new StorageEvent('storage'));
  }, theme);
  // What is coloured changes slowly.
  await page.evaluate(() =>
    Promise.all(document.getAnimations().map((one) => one.finished.catch(() => null))),
  );
}

describe.skipIf(withoutChromium)(`every screen, light and dark${NEEDS_CHROMIUM}`, () => {
  let world: World;
  let browser: Browser;
  let seen: Visit;
  const ids = { done: '', failed: '', running: '' };
  beforeAll(async () => {
    [world, browser] = await Promise.all([World.open({ extraMachines: 40 }), launchChromium()]);
    await world.connect();
    await world.addSubnet('private', { name: 'blue', cidr: '10.99.0.0/24' });
    ids.failed = await world.migrate(HTML_NAME, { flavor: 'nosuch' });
    ids.done = await world.migrate('web-01');
    await world.until(ids.failed, 'failed');
    await world.until(ids.done, 'completed');
    await world.limit(600 * 1024);
    seen = await visit(browser, world.url);
    await seen.context.addInitScript({ content: await readFile(AXE, 'utf8') });
    if (PICTURES !== undefined) await mkdir(PICTURES, { recursive: true });
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await world?.close();
  });

  /** Shows the screen in both themes, takes its pictures, and gives what is wrong with it. */
  async function issues(name: string): Promise<readonly string[]> {
    const { page } = seen;
    const found: string[] = [];
    for (const theme of THEMES) {
      await show(page, theme);
      if (PICTURES !== undefined) await page.screenshot({ path: join(PICTURES, `${name}-${theme}.png`) });
      for (const issue of await seriousIssues(page)) found.push(`${name}, ${theme}: ${issue}`);
    }
    return found;
  }
  const at = (path: string): Promise<unknown> => seen.page.goto(`${world.url}/dashboard/${path}`);
  const button = (name: string) => seen.page.getByRole('button', { name });

  test('login', async () => {
    await at('');
    await seen.page.getByText('The link, or its code').waitFor();
    expect(await issues('login')).toEqual([]);
    await seen.page.goto(await world.link());
    await seen.page.getByRole('heading', { name: 'Overview' }).waitFor();
  });

  test('sources and destinations', async () => {
    const { page } = seen;
    await at('sources');
    await page.getByRole('link', { name: 'vcenter' }).click();
    await page.getByText('Everything that a migration needs is there.').waitFor();
    expect(await issues('source')).toEqual([]);
    await at('sources/new');
    await page.getByRole('textbox', { name: 'URL' }).waitFor();
    await button('Add and validate').click();
    expect(await issues('source-new')).toEqual([]);
    await at('destinations');
    await page.getByRole('link', { name: 'cloud' }).waitFor();
    expect(await issues('destinations')).toEqual([]);
    await at('destinations/new');
    await page.getByRole('textbox', { name: 'Keystone' }).waitFor();
    expect(await issues('destination-new')).toEqual([]);
  });

  test('inventory', async () => {
    const { page } = seen;
    await at('inventory?source=vcenter');
    await page.getByLabel('Select db-01').check();
    expect(await issues('inventory')).toEqual([]);
    await page.getByRole('link', { name: 'db-01' }).click();
    await page.getByLabel('Against destination').selectOption('cloud');
    await page.getByText('Blocker').first().waitFor();
    expect(await issues('instance')).toEqual([]);
  });

  test('new migration', { timeout: 60_000 }, async () => {
    const { page } = seen;
    await button('Migrate').click();
    expect(await issues('new-destination')).toEqual([]);
    await page.getByRole('button', { name: '1. Machines' }).click();
    await page.getByText('1 machine chosen').waitFor();
    expect(await issues('new-machines')).toEqual([]);
    await page.getByRole('button', { name: '3. Networks' }).click();
    await page.getByLabel('Network of the destination: VM Network').selectOption('private');
    await page.getByText('1 ready').waitFor();
    expect(await issues('new-networks')).toEqual([]);
    for (const [name, heading] of [
      ['new-storage', 'Storage'],
      ['new-options', 'Options'],
      ['new-review', 'Review'],
    ] as const) {
      await button('Next').click();
      await page.getByRole('heading', { name: heading }).waitFor();
      expect(await issues(name)).toEqual([]);
    }
  });

  test('migrations', { timeout: 90_000 }, async () => {
    const { page } = seen;
    ids.running = await world.migrate('db-01');
    await at(`migrations/${ids.running}`);
    await page
      .getByText(/copying · .*\/s/)
      .first()
      .waitFor();
    expect(await issues('migration')).toEqual([]);
    await at('migrations');
    await page.getByRole('row', { name: /db-01/ }).waitFor();
    expect(await issues('migrations')).toEqual([]);
    await at('');
    await page.getByText('What needs you').waitFor();
    await page.getByText(/in about/).waitFor();
    expect(await issues('overview')).toEqual([]);
    await at(`migrations/${ids.failed}?tab=progress`);
    await page.getByText("the destination has no flavor 'nosuch'").first().waitFor();
    expect(await issues('migration-failed')).toEqual([]);
    await at(`migrations/${ids.done}?tab=report`);
    await page.getByText('Data verified').waitFor();
    expect(await issues('report')).toEqual([]);
    await button('Show what it showed').click();
    await page.getByRole('region', { name: 'Console of the guest' }).scrollIntoViewIfNeeded();
    expect(await issues('report-console')).toEqual([]);
    for (const tab of ['Events', 'Artifacts', 'Settings']) {
      await page.getByRole('tab', { name: tab }).click();
      await page.getByRole('tab', { name: tab, selected: true }).waitFor();
      expect(await issues(`migration-${tab.toLowerCase()}`)).toEqual([]);
    }
    await button('Revert').click();
    await page.getByText('Bring the source back?').waitFor();
    expect(await issues('revert')).toEqual([]);
  });

  test('how fast bytes moved before the page was opened', { timeout: 60_000 }, async () => {
    const { page } = seen;
    const told = page.waitForResponse((answer) => answer.url().includes('/v1/throughput?since='));
    await at('?range=1h');
    const { throughput } = (await (await told).json()) as { throughput: Throughput };
    expect(throughput.seconds).toBe(20);
    expect(throughput.points.reduce((sum, { bytes }) => sum + bytes, 0)).toBeGreaterThan(4 * 2 ** 20);
    await page.getByRole('img', { name: /copies read from their sources: the last hour/ }).waitFor();
    await page.getByRole('button', { name: '7 days' }).click();
    await page.getByRole('img', { name: /: the last 7 days/ }).waitFor();
    expect(new URL(page.url()).searchParams.get('range')).toBe('7d');
    // It ended long before anybody looked at it.
    await at(`migrations/${ids.done}?tab=progress`);
    await page.getByRole('img', { name: /this migration read from its source/ }).waitFor();
    expect(await issues('migration-ended')).toEqual([]);
    // This one never read a byte.
    await at(`migrations/${ids.failed}?tab=progress`);
    await page.getByText('Shown once bytes have moved').waitFor();
  });

  test('workers and limits', async () => {
    await at('workers');
    await seen.page.getByRole('heading', { name: 'Limits', exact: true }).waitFor();
    expect(await issues('workers')).toEqual([]);
    expectNoFaults(seen);
  });
});
