import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { launchChromium, NEEDS_CHROMIUM, withoutChromium } from './chromium.ts';
import { expectNoFaults, type Visit, visit } from './visit.ts';
import { HTML_NAME, World } from './world.ts';

const PICTURES = process.env['GUTS_PICTURES'];

describe.skipIf(withoutChromium)(`the dashboard, when something goes wrong${NEEDS_CHROMIUM}`, () => {
  let world: World;
  let browser: Browser;
  let seen: Visit;
  beforeAll(async () => {
    [world, browser] = await Promise.all([World.open(), launchChromium()]);
    await world.connect();
  });
  afterAll(async () => {
    await browser?.close();
    await world?.close();
  });
  beforeEach(async () => {
    seen = await visit(browser, world.url);
    await seen.page.goto(await world.link());
    await seen.page.getByRole('heading', { name: 'Overview' }).waitFor();
  });
  afterEach(async ({ task }) => {
    // What one would have seen is what one wants to see.
    if (task.result?.state === 'fail' && PICTURES !== undefined)
      await seen.page.screenshot({ path: join(PICTURES, `failed-${task.id}.png`) });
    expectNoFaults(seen);
    await seen.context.close();
  });

  test('a link signs in once', async () => {
    const link = await world.link();
    const other = await visit(browser, world.url);
    await other.page.goto(link);
    await other.page.getByRole('heading', { name: 'Overview' }).waitFor();
    expect(other.page.url()).not.toContain('code');
    await other.context.clearCookies();
    await other.page.goto('about:blank');
    await other.page.goto(link);
    await other.page.getByText('This link does not work').waitFor();
    await other.context.close();
  });

  test('a login at Keystone is sent as it was typed; refused, it stays in the form', async () => {
    const { page, context } = await visit(browser, world.url);
    const sent: unknown[] = [];
    const error = {
      code: 401,
      title: 'Unauthorized',
      guts_code: 'unauthorized',
      message: 'wrong',
      remedy: 'mend',
    };
    // How it is where callers are known by Keystone.
    await page.route('**/dashboard/session', (route) => {
      if (route.request().method() === 'GET')
        return route.fulfill({ json: { login: ['password', 'application_credential'], session: null } });
      sent.push(route.request().postDataJSON());
      return route.fulfill({
        status: 401,
        json: { error: { ...error, field: null, details: null, request_id: 'r' } },
      });
    });
    await page.goto(`${world.url}/dashboard/`);
    await page.getByRole('textbox', { name: 'User name' }).fill('alice');
    await page.locator('#login-password').fill(' secret ');
    await page.getByRole('textbox', { name: 'Project', exact: true }).fill('shop');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('alert').getByText('mend').waitFor();
    expect(await page.locator('#login-password').inputValue()).toBe(' secret ');
    await page.getByRole('button', { name: 'Application credential' }).click();
    await page.locator('#login-id').fill('an id');
    await page.locator('#login-secret').fill('a secret');
    await page.getByRole('button', { name: 'Log in' }).dblclick();
    await page.getByRole('alert').getByText('mend').waitFor();
    expect(sent[0]).toEqual({ password: { user: 'alice', password: ' secret ', project: 'shop' } });
    expect(sent[1]).toEqual({ application_credential: { id: 'an id', secret: 'a secret' } });
    await context.close();
  });

  test('a name that is HTML stays a name, and a double click makes one migration', async () => {
    const { page } = seen;
    await page.getByRole('link', { name: 'Inventory' }).click();
    await page.getByRole('link', { name: HTML_NAME }).click();
    await page.getByRole('heading', { name: HTML_NAME }).waitFor();
    await page.getByRole('button', { name: 'Migrate' }).click();
    await page.getByRole('heading', { name: 'Destination', exact: true }).waitFor();
    await page.getByLabel('Destination').selectOption('cloud');
    for (const heading of ['Networks', 'Storage', 'Options', 'Review']) {
      await page.getByRole('button', { name: 'Next' }).click();
      await page.getByRole('heading', { name: heading }).waitFor();
    }
    await page.getByText('Preflight found what stands in the way').waitFor();
    await page.getByRole('button', { name: '3. Networks' }).click();
    await page.getByLabel('Network of the destination: VM Network').selectOption('private');
    await page.getByRole('button', { name: '6. Review' }).click();
    await page.getByText('1 ready').waitFor();
    await page.getByRole('button', { name: 'Start the migration' }).dblclick();
    await page.getByRole('heading', { name: HTML_NAME }).waitFor();
    await page.getByText('Completed', { exact: true }).waitFor({ timeout: 60_000 });
    const { body } = await world.call('GET', '/v1/migrations');
    const { migrations } = body as { migrations: { instance_name: string }[] };
    expect(migrations.filter(({ instance_name: name }) => name === HTML_NAME)).toHaveLength(1);
    expect(await page.title()).toBe('Migrations – GUTS');
    expect(await page.locator('#guts-root img[src=x]').count()).toBe(0);
  });

  test('a subnet is chosen where there are several, and a boot is told by what was typed', async () => {
    const { page } = seen;
    await world.addSubnet('private', { name: 'blue', cidr: '10.99.0.0/24' });
    await page.goto(`${world.url}/dashboard/inventory?source=vcenter`);
    await page.getByRole('link', { name: 'db-01' }).click();
    await page.getByRole('button', { name: 'Migrate' }).click();
    await page.getByRole('heading', { name: 'Destination', exact: true }).waitFor();
    await page.getByLabel('Destination').selectOption('cloud');
    await page.getByRole('button', { name: '3. Networks' }).click();
    const subnet = page.getByLabel('Subnet: VM Network');
    await page.getByLabel('Network of the destination: VM Network').selectOption('provider1');
    expect(await subnet.count()).toBe(0);
    await page.getByLabel('Network of the destination: VM Network').selectOption('private');
    await subnet.selectOption({ label: 'blue (10.99.0.0/24)' });
    await page.getByRole('button', { name: '5. Options' }).click();
    const pattern = page.getByLabel('What the console shows once the guest is up');
    await pattern.fill('db (login');
    await page.getByText(/The boot pattern is no regular expression.*backslash/).waitFor();
    expect(await page.getByRole('button', { name: 'Next' }).isDisabled()).toBe(true);
    await page.getByLabel('Proof of the boot').selectOption('off');
    await pattern.waitFor({ state: 'hidden' });
    await page.getByLabel('Proof of the boot').selectOption('require');
    await pattern.fill('GUTS-GUEST-NIC .* ip=10[.]99[.]0[.]');
    await page.getByLabel('How long a boot may take, in seconds').fill('60');
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByText(/It is attached to private \(subnet blue\)/).waitFor();
    await page.getByRole('button', { name: 'The same as a command' }).click();
    const command = page.getByText(/--network 'VM Network=private\/blue' .* --boot-seconds 60/);
    await command.first().waitFor();
    await page.getByRole('button', { name: 'Start the migration' }).click();
    await page.getByText('Completed', { exact: true }).waitFor({ timeout: 60_000 });
    await page.getByRole('tab', { name: 'Report' }).click();
    await page
      .getByText(/^GUTS-GUEST-NIC .*ip=10\.99\.0\./)
      .first()
      .waitFor();
  });

  test('a boot that was not proven can be looked into', async () => {
    const { page } = seen;
    const policies = { verify_boot: 'require', boot_pattern: 'nosuch', boot_seconds: 1 };
    const id = await world.migrate('web-01', { policies });
    await world.until(id, 'failed');
    await page.goto(`${world.url}/dashboard/migrations/${id}?tab=report`);
    await page.getByRole('button', { name: 'Show what it showed' }).click();
    const shown = page.getByRole('region', { name: 'Console of the guest' });
    expect(await shown.textContent()).toContain('web login:');
  });

  test('the back button, and coming back later, keep what was chosen', async () => {
    const { page } = seen;
    await page.getByRole('link', { name: 'Inventory' }).click();
    await page.getByRole('textbox', { name: 'Part of a name or path' }).fill('web');
    await page.waitForURL(/q=web/);
    await page.getByLabel('Select web-01').check();
    await page.getByRole('button', { name: 'Migrate 1 machine' }).click();
    await page.getByRole('heading', { name: 'Destination', exact: true }).waitFor();
    await page.getByLabel('Destination').selectOption('cloud');
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByRole('heading', { name: 'Networks' }).waitFor();
    await page.goBack();
    await page.getByRole('heading', { name: 'Destination' }).waitFor();
    expect(await page.getByLabel('Destination').inputValue()).toBe('cloud');
    await page.goBack();
    await page.getByRole('heading', { name: 'Inventory', exact: true }).waitFor();
    expect(await page.getByRole('textbox', { name: 'Part of a name or path' }).inputValue()).toBe('web');
    await page.reload();
    await page.getByRole('link', { name: 'web-01' }).waitFor();
    await page.getByRole('link', { name: 'Migrations', exact: true }).click();
    await page.getByRole('link', { name: 'New migration' }).first().click();
    await page.getByText('You began a migration of 1 machine of vcenter.').waitFor();
    await page.getByRole('button', { name: 'Go on with it' }).click();
    await page.getByText('1 machine chosen').waitFor();
    await page.getByRole('button', { name: '2. Destination' }).click();
    expect(await page.getByLabel('Destination').inputValue()).toBe('cloud');
  });

  test('a session that ends is asked for again, and what was typed stays', async () => {
    const { page, context } = seen;
    await page.getByRole('link', { name: 'Sources' }).click();
    await page.getByRole('link', { name: 'Add a source' }).click();
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('half typed');
    await page.getByRole('textbox', { name: 'URL' }).fill('https://vcenter.example.org');
    await page.getByRole('textbox', { name: 'User name' }).fill('somebody');
    await page.locator('input[type=password]').fill('secret');
    await context.clearCookies();
    await page.getByRole('button', { name: 'Add and validate' }).click();
    await page.getByText('Your session is over').waitFor();
    await page.getByLabel('The link, or its code').fill(await world.link());
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('Your session is over').waitFor({ state: 'hidden' });
    expect(await page.getByRole('textbox', { name: 'URL' }).inputValue()).toBe('https://vcenter.example.org');
    await page.getByRole('button', { name: 'Add and validate' }).click();
    await page.getByRole('heading', { name: 'half typed' }).waitFor();
  });

  test('an error says what is wrong and what to do, and the form keeps what was typed', async () => {
    const { page } = seen;
    await page.goto(`${world.url}/dashboard/sources/new`);
    await page.getByRole('button', { name: 'Add and validate' }).click();
    expect(await page.getByText('This is needed.').count()).toBe(3);
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('vcenter');
    await page.getByRole('textbox', { name: 'URL' }).fill('user@host/with?query');
    await page.getByRole('textbox', { name: 'User name' }).fill('somebody');
    await page.locator('input[type=password]').fill('secret');
    await page.getByText('This is not like https://vcenter.example.org.').waitFor();
    await page.getByRole('textbox', { name: 'URL' }).fill('https://vcenter.example.org');
    // The name is taken.
    await page.getByRole('button', { name: 'Add and validate' }).click();
    const alert = page.getByRole('alert');
    await alert.waitFor();
    expect(await alert.textContent()).toMatch(/vcenter.*conflict · request req-/s);
    expect(await page.getByRole('textbox', { name: 'User name' }).inputValue()).toBe('somebody');
  });

  test(
    'a connection that is lost is said, and what was missed is caught up with',
    { timeout: 90_000 },
    async () => {
      const { page } = seen;
      const id = await world.migrate('web-01', { flavor: 'nosuch' });
      await page.getByRole('link', { name: 'Migrations', exact: true }).click();
      const row = page.getByRole('row', { name: /web-01/ });
      await row.getByText('Failed').waitFor();
      const lost = page.getByText('The connection to GUTS is lost.');
      await world.stop();
      await lost.waitFor();
      await world.start();
      // Before the page is back.
      await world.call('POST', `/v1/migrations/${id}/actions`, { action: 'cancel' });
      await row.getByText('Cancelled').waitFor();
      await lost.waitFor({ state: 'hidden' });
      expect(await lost.count()).toBe(0);
    },
  );

  test('a stream that is refused says why, in the words of guts-api, and is not asked for all the time', async () => {
    const { page } = seen;
    let asked = 0;
    await page.route('**/v1/events/stream?*', (route) => {
      asked += 1;
      const error = { code: 403, guts_code: 'forbidden', message: 'not for you', remedy: 'Ask Ada.' };
      return route.fulfill({ status: 403, json: { error: { ...error, request_id: 'req-7' } } });
    });
    await page.reload();
    const banner = page.getByText('GUTS does not say what happens.');
    await banner.waitFor();
    for (const words of ['not for you', 'Ask Ada.', 'request req-7']) await page.getByText(words).waitFor();
    expect(await page.getByText('The connection to GUTS is lost.').count()).toBe(0);
    // The stream, and the question why; on a slow machine the next try, too.
    expect([2, 4]).toContain(asked);
    if (PICTURES !== undefined) await page.screenshot({ path: join(PICTURES, 'refused.png') });
    await page.unrouteAll();
    await banner.waitFor({ state: 'hidden' });
  });

  test('an address of something that is not there says so', async () => {
    const { page } = seen;
    await page.goto(`${world.url}/dashboard/migrations/00000000-0000-4000-8000-000000000000`);
    await page.getByText('This is not there (any more)').waitFor();
    await page.goto(`${world.url}/dashboard/no/such/page`);
    const told = page.getByRole('heading', { name: 'There is no such page.' });
    await told.waitFor();
    expect(await told.count()).toBe(1);
  });

  test('the keyboard reaches the content, and acts', async () => {
    const { page } = seen;
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to content');
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('guts-main');
    await page.getByRole('link', { name: 'Inventory' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Inventory', exact: true }).waitFor();
    await page.getByLabel('Select web-01').focus();
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: 'Migrate 1 machine' }).waitFor();
  });
});
