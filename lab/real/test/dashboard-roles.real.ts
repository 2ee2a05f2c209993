import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { openBrowser } from './support/horizon.ts';
import { Keystone } from './support/keystone.ts';
import { KeystoneApi } from './support/keystone-api.ts';

/** The dashboard alone, for people whom a real Keystone lets do less, or less than a moment ago. */
const CACHE_SECONDS = 2;
const PROJECT = 'guts-dashboard-roles';
const password = randomBytes(12).toString('hex');

let keystone: Keystone;
let api: KeystoneApi;
let browser: Browser;
let project = '';
let member = '';

beforeAll(async () => {
  keystone = await Keystone.open();
  project = await keystone.make('project', PROJECT);
  await keystone.grant(project, await keystone.make('user', 'dash-reader', { password }), 'reader');
  member = await keystone.make('user', 'dash-member', { password });
  for (const role of ['reader', 'member']) await keystone.grant(project, member, role);
  const env = { GUTS_TOKEN_CACHE_SECONDS: String(CACHE_SECONDS) };
  api = await KeystoneApi.start(keystone, { users: [], password, project, env });
  browser = await openBrowser();
}, 300_000);

afterAll(async () => {
  await browser.close();
  await api.close();
  await keystone.removeAll();
}, 120_000);

async function logIn(page: Page, user: string): Promise<void> {
  await page.locator('#login-user').fill(user);
  await page.locator('#login-password').fill(password);
  await page.locator('#login-project').fill(PROJECT);
  await page.getByRole('button', { name: 'Log in' }).click();
}

async function visit(user: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  await page.goto(`${api.url}/dashboard/`);
  await logIn(page, user);
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  return page;
}

async function fillSource(page: Page): Promise<void> {
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('half typed');
  await page.getByRole('textbox', { name: 'URL' }).fill('https://vcenter.example.org');
  await page.getByRole('textbox', { name: 'User name' }).fill('somebody');
  await page.locator('#secret-password').fill('secret');
}
const add = (page: Page): Promise<void> => page.getByRole('button', { name: 'Add and validate' }).click();

test('a reader looks, and is offered nothing to do', async () => {
  const page = await visit('dash-reader');
  const offers = [];
  for (const [place, offer] of [
    ['Sources', 'Add a source'],
    ['Destinations', 'Add a destination'],
    ['Migrations', 'New migration'],
  ] as const) {
    await page.getByRole('link', { name: place, exact: true }).click();
    await page.getByRole('heading', { level: 1, name: place }).waitFor();
    offers.push(await page.getByRole('link', { name: offer }).count());
  }
  expect(offers).toEqual([0, 0, 0]);
  // By an address that somebody sent: guts-api decides.
  await page.goto(`${api.url}/dashboard/sources/new`);
  await fillSource(page);
  await add(page);
  await page.getByRole('alert').getByText('forbidden').waitFor();
  expect(await page.getByRole('textbox', { name: 'URL' }).inputValue()).toBe('https://vcenter.example.org');
});

async function takeAway(role: string): Promise<void> {
  const id = await keystone.idOf('role', role);
  await keystone.request('DELETE', `/projects/${project}/users/${member}/roles/${id}`);
  await sleep(CACHE_SECONDS * 1000 + 100);
}

test('whose roles are taken away in the middle is told, and loses nothing that was typed', async () => {
  const page = await visit('dash-member');
  // Found also while a dialog is above it.
  const typed = page.locator('#guts-root').getByLabel('URL').first();
  await page.getByRole('link', { name: 'Sources', exact: true }).click();
  await page.getByRole('link', { name: 'Add a source' }).click();
  await fillSource(page);
  await takeAway('member');
  await add(page);
  await page.getByRole('alert').getByText('forbidden').waitFor();
  expect(await typed.inputValue()).toBe('https://vcenter.example.org');
  // What is not allowed any more is not offered either.
  await page.getByRole('link', { name: 'Sources', exact: true }).first().click();
  await page.getByRole('heading', { level: 1, name: 'Sources' }).waitFor();
  await page.getByRole('link', { name: 'Add a source' }).waitFor({ state: 'detached' });

  await page.goBack();
  await fillSource(page);
  await takeAway('reader');
  await add(page);
  const dialog = page.getByRole('dialog', { name: 'Your session is over' });
  await dialog.waitFor();
  await logIn(page, 'dash-member');
  await dialog.getByRole('alert').getByText('unauthorized').waitFor();
  expect(await typed.inputValue()).toBe('https://vcenter.example.org');
});
