import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { VCenter } from '@guts/lab-vcenter';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compareDisks } from '../../checker/src/compare.ts';
import { type Holdings, newIn, RealCloud } from './support/cloud.ts';
import { buildPlugin, horizonUrl, installPlugin, openBrowser, Visitor } from './support/horizon.ts';
import { Keystone } from './support/keystone.ts';
import { KeystoneApi } from './support/keystone-api.ts';
import { cloudEntry, imageFile, ROOT } from './support/lab.ts';
import { BIOS, guest, startSource } from './support/source.ts';

/** The whole job as a person does it inside Horizon: from adding a vCenter to reading the report. */
const PICTURES = join(ROOT, 'test-output/horizon');
const folder = mkdtempSync(join(tmpdir(), 'guts-horizon-'));

let keystone: Keystone;
let api: KeystoneApi;
let browser: Browser;
let source: VCenter;
let cloud: RealCloud;
let before: Holdings;

beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true });
  await buildPlugin(join(ROOT, 'dist/dashboard'), folder);
  await installPlugin(folder);
  keystone = await Keystone.open();
  const project = await keystone.make('project', 'guts-horizon-own');
  api = await KeystoneApi.start(keystone, { users: [], password: 'of-the-service', project });
  source = await startSource([guest(BIOS, 'bios', 5)]);
  cloud = await RealCloud.open('lab-demo');
  before = await cloud.holdings();
  browser = await openBrowser();
}, 300_000);

afterAll(async () => {
  await browser.close();
  await cloud.removeNew(before);
  await source.close();
  await api.close();
  await keystone.removeAll();
  rmSync(folder, { recursive: true });
}, 180_000);

test('from adding a vCenter to reading the report, and to the server among the instances', async () => {
  const { auth } = cloudEntry('lab-demo');
  const context = await browser.newContext({
    baseURL: horizonUrl(),
    viewport: { width: 1400, height: 900 },
  });
  const visitor = new Visitor(context, await context.newPage());
  const { page } = visitor;
  page.setDefaultTimeout(30_000);
  const app = page.locator('#guts-root');
  const picture = (name: string): Promise<unknown> =>
    page.screenshot({ path: join(PICTURES, `job-${name}.png`) });
  const fill = async (fields: Readonly<Record<string, string>>): Promise<void> => {
    for (const [label, value] of Object.entries(fields)) await app.getByLabel(label).first().fill(value);
  };
  const place = (name: string): Promise<void> => app.getByRole('link', { name, exact: true }).first().click();
  const press = (name: string | RegExp): Promise<void> => app.getByRole('button', { name }).click();

  await page.goto('/auth/login/');
  await visitor.logIn(auth['username'] ?? '', auth['password'] ?? '', /\/project\//);
  await page.goto(`/auth/switch/${cloud.projectId}/?next=/project/guts/`);

  await place('Sources');
  await place('Add a source');
  await fill({ Name: 'vCenter <b>', URL: source.url, 'User name': source.username });
  await fill({ Fingerprint: source.fingerprintSha256, Password: source.password });
  await press('Add and validate');
  await app.getByText('Valid', { exact: true }).waitFor();
  await picture('source');

  await place('Destinations');
  await place('Add a destination');
  await fill({ Name: 'this cloud', Keystone: auth['auth_url'] ?? '', 'User name': auth['username'] ?? '' });
  await fill({ 'User domain': 'Default', Project: 'demo', 'Project domain': 'Default', Region: 'RegionOne' });
  await fill({ Password: auth['password'] ?? '' });
  await press('Add and validate');
  await app.getByText('Valid', { exact: true }).waitFor();
  await picture('destination');

  await place('Inventory');
  await app.getByRole('row', { name: BIOS }).getByRole('checkbox').check();
  await picture('inventory');
  await press(/^Migrate/);
  await app.getByRole('heading', { name: 'Destination', exact: true }).waitFor();
  await app.getByLabel('Destination').selectOption('this cloud');
  await press('Next');
  await app.getByLabel('Network of the destination: VM Network').selectOption('demo-net');
  for (const step of ['Storage', 'Options', 'Review']) {
    await press('Next');
    await app.getByRole('heading', { name: step }).waitFor();
    // This guest's console says neither of what is looked for: it is read below.
    if (step === 'Options') await app.getByLabel('Proof of the boot').selectOption({ label: 'Do not look' });
  }
  await picture('review');
  await press('Start the migration');
  const status = (name: string) => app.getByText(name, { exact: true }).first();
  await status('Running').waitFor();
  await picture('running');
  await status('Completed').waitFor({ timeout: 300_000 });
  await picture('detail');
  await app.getByRole('tab', { name: 'Report' }).click();
  await app.getByText('Data verified').waitFor();
  await picture('report');
  expect(visitor.complaints).toEqual([]);

  // What the screens said is so.
  const made = newIn(await cloud.holdings(), before);
  const [serverId = ''] = made.servers.keys();
  await expect
    .poll(() => cloud.console(serverId), { timeout: 120_000, interval: 2000 })
    .toContain('GUTS-GUEST-READY id=guts-bios');
  const machine = source.machine(BIOS);
  const [imageId = ''] = made.images.keys();
  const compared = await compareDisks(machine.disks[0]?.path ?? '', imageFile(imageId));
  expect(compared).toMatchObject({ equal: true });
  await page.goto('/project/instances/');
  await page.getByRole('link', { name: BIOS }).waitFor();
  await picture('instances');
  await context.close();
});
