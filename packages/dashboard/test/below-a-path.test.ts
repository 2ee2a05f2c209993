import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, NEEDS_CHROMIUM, withoutChromium } from './chromium.ts';
import { StrippingProxy } from './stripping-proxy.ts';
import { expectNoFaults, visit } from './visit.ts';
import { World } from './world.ts';

const PATH = '/cloud/migration';

describe.skipIf(withoutChromium)(`the dashboard below a path of a proxy${NEEDS_CHROMIUM}`, () => {
  let proxy: StrippingProxy;
  let world: World;
  let browser: Browser;
  beforeAll(async () => {
    proxy = await StrippingProxy.open(PATH);
    [world, browser] = await Promise.all([World.open({ publicUrl: proxy.url }), launchChromium()]);
    proxy.leadTo(world.url);
    await world.connect();
  });
  afterAll(async () => {
    await browser?.close();
    await world?.close();
    await proxy?.close();
  });

  test(
    'a link signs in, the overview is live, addresses work by themselves and loaded again',
    { timeout: 120_000 },
    async () => {
      const seen = await visit(browser, new URL(proxy.url).origin);
      const { page, context } = seen;
      const link = await world.link();
      expect(link).toMatch(new RegExp(`^${proxy.url}/dashboard/login#code=`));
      await page.goto(link);
      await page.getByRole('heading', { name: 'Overview' }).waitFor();
      expect(page.url()).toBe(`${proxy.url}/dashboard/`);
      expect(await context.cookies()).toMatchObject([{ name: 'guts_session-cloud-migration', path: PATH }]);

      const id = await world.migrate('web-01');
      await page.getByRole('link', { name: 'web-01' }).first().waitFor();
      await world.until(id, 'completed');

      await page.goto(`${proxy.url}/dashboard/migrations/${id}?tab=report`);
      await page.getByText('Data verified').waitFor();
      await page.reload();
      await page.getByText('Data verified').waitFor();
      await page.getByRole('link', { name: 'Inventory' }).click();
      await page.getByLabel('Select web-01').waitFor();
      expect(page.url()).toMatch(new RegExp(`^${proxy.url}/dashboard/inventory`));

      // Without the slash it leads to the page, too.
      await page.goto(`${proxy.url}/dashboard`);
      await page.getByRole('heading', { name: 'Overview' }).waitFor();
      await page.getByRole('button', { name: 'Account' }).click();
      await page.getByRole('menuitem', { name: 'Log out' }).click();
      await page.getByLabel('The link, or its code').waitFor();
      expect(await context.cookies()).toEqual([]);
      expect(proxy.asked.filter((target) => !target.startsWith(`${PATH}/`))).toEqual([]);
      expectNoFaults(seen);
      await context.close();
    },
  );

  test('who comes to guts-api itself is served as well', { timeout: 120_000 }, async () => {
    const seen = await visit(browser, world.url);
    const { page, context } = seen;
    await page.goto((await world.link()).replace(proxy.url, world.url));
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    expect(page.url()).toBe(`${world.url}${PATH}/dashboard/`);
    await page.goto(`${world.url}/dashboard/inventory?q=db`);
    await page.getByLabel('Select db-01').waitFor();
    expect(page.url()).toMatch(new RegExp(`^${world.url}${PATH}/dashboard/inventory\\?`));
    await page.reload();
    await page.getByLabel('Select db-01').waitFor();
    expectNoFaults(seen);
    await context.close();
  });
});
