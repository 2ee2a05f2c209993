import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, NEEDS_CHROMIUM, withoutChromium } from './chromium.ts';
import { expectNoFaults, visit } from './visit.ts';
import { World } from './world.ts';

describe.skipIf(withoutChromium)(`the whole job in the browser${NEEDS_CHROMIUM}`, () => {
  let world: World;
  let browser: Browser;
  beforeAll(async () => {
    [world, browser] = await Promise.all([World.open(), launchChromium()]);
  });
  afterAll(async () => {
    await browser?.close();
    await world?.close();
  });

  test('from the one-time link to the report', { timeout: 120_000 }, async () => {
    const seen = await visit(browser, world.url);
    const { page } = seen;
    const button = (name: string | RegExp) => page.getByRole('button', { name });
    const field = (name: string) => page.getByRole('textbox', { name, exact: true });

    await page.goto(await world.link());
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    expect(page.url()).toBe(`${world.url}/dashboard/`);

    await page.getByRole('link', { name: 'Add a source' }).click();
    await field('Name').fill('my vCenter');
    await field('URL').fill(world.vcenter.url);
    await field('User name').fill(world.vcenter.username);
    await page.locator('input[type=password]').fill(world.vcenter.password);
    await button('Add and validate').click();
    // Nobody told whether its certificate is the right one.
    await page.getByText('Its certificate is not trusted').waitFor();
    await page.getByText(world.vcenter.fingerprintSha256).first().waitFor();
    await button(/pin it/).click();
    await page.getByText('Everything that a migration needs is there.').waitFor();

    const user = world.cloud.users[1];
    await page.getByRole('link', { name: 'Destinations' }).click();
    await page.getByRole('link', { name: 'Add a destination' }).click();
    await field('Name').fill('my cloud');
    await field('Keystone').fill(world.cloud.authUrl);
    await field('User name').fill(user?.name ?? '');
    await field('User domain').fill('Default');
    await field('Project').fill(user?.project ?? '');
    await field('Project domain').fill('Default');
    await page.locator('#secret-password').fill(user?.password ?? '');
    await button('More settings').first().click();
    await page.getByLabel('How volumes are filled').selectOption('device');
    await field('Horizon').fill('horizon.example.org');
    await button('Add and validate').click();
    await page.getByText('This is not like https://horizon.example.org.').waitFor();
    await field('Horizon').fill('https://horizon.example.org/cloud/');
    await button('Add and validate').click();
    await page.getByText('Everything that a migration needs is there.').waitFor();

    await page.getByRole('link', { name: 'Inventory' }).click();
    await page.getByLabel('Select web-01').check();
    await button('Migrate 1 machine').click();
    await page.getByRole('heading', { name: 'Destination', exact: true }).waitFor();
    await page.getByLabel('Destination').selectOption('my cloud');
    await button('Next').click();
    await page.getByLabel('Network of the destination: VM Network').selectOption('private');
    await page.getByText('1 ready').waitFor();
    for (const heading of ['Storage', 'Options', 'Review']) {
      await button('Next').click();
      await page.getByRole('heading', { name: heading }).waitFor();
    }
    await page.getByText('web-01 will be moved from my vCenter to my cloud.').waitFor();
    await button('Start the migration').click();

    // Nothing is loaded again: what happens is told.
    await page.getByRole('heading', { name: /web-01/ }).waitFor();
    await page.getByText('Completed', { exact: true }).waitFor({ timeout: 60_000 });
    await page.getByRole('tab', { name: 'Report' }).click();
    await page.getByText('Data verified').waitFor();
    await page.getByText('Boot seen').waitFor();
    await page.getByText('web login:').first().waitFor();
    await button('Show what it showed').click();
    const shown = page.getByRole('region', { name: 'Console of the guest' });
    await shown.getByText(/GUTS-GUEST-READY id=web[^]*web login:/).waitFor();
    await seen.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await button('Copy the text').click();
    await button('Copied').waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(await shown.textContent());
    const [server] = [...world.cloud.servers.keys()];
    const link = page.getByRole('link', { name: `${server} in Horizon, in a new tab` });
    const places: (string | null)[] = [];
    for (const [tab, itsOwn] of [
      ['Report', 'Downtime'],
      ['Artifacts', 'Id there'],
    ] as const) {
      await page.getByRole('tab', { name: tab }).click();
      await page.getByText(itsOwn, { exact: true }).waitFor();
      for (const name of ['href', 'target', 'rel']) places.push(await link.getAttribute(name));
    }
    const there = [`https://horizon.example.org/cloud/project/instances/${server}/`, '_blank', 'noreferrer'];
    expect(places).toEqual([...there, ...there]);
    // What Horizon has no page for is told as it is.
    const ports = [...world.cloud.ports.keys()];
    await page.locator('code', { hasText: String(ports[0]) }).waitFor();
    expectNoFaults(seen);
  });
});
