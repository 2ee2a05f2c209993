import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cloud, startCloud } from '@guts/lab-cloud';
import type { VCenter } from '@guts/lab-vcenter';
import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { compareDisks } from '../../checker/src/compare.ts';
import { type Holdings, newIn, RealCloud } from './support/cloud.ts';
import { buildPlugin, horizonUrl, installPlugin, openBrowser, Visitor } from './support/horizon.ts';
import { Keystone } from './support/keystone.ts';
import { KeystoneApi } from './support/keystone-api.ts';
import { cloudEntry, imageFile, ROOT } from './support/lab.ts';
import { BIOS, guest, startSource } from './support/source.ts';
import { doWholeJob, Person, PICTURES, type TypedCloud } from './support/whole-job.ts';

/** The whole job as a person does it in the browser, from adding a vCenter to reading the report: alone and in Horizon. */
const folder = mkdtempSync(join(tmpdir(), 'guts-horizon-'));
const { auth } = cloudEntry('lab-demo');
const user = auth['username'] ?? '';
const password = auth['password'] ?? '';
const REAL: TypedCloud = {
  authUrl: auth['auth_url'] ?? '',
  user,
  password,
  project: 'demo',
  region: 'RegionOne',
  network: 'demo-net',
  boots: 'GUTS-GUEST-READY id=guts-bios',
};

let keystone: Keystone;
let project = '';
let api: KeystoneApi;
let browser: Browser;
let source: VCenter;
let cloud: RealCloud;
let before: Holdings;
let context: BrowserContext;

beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true });
  await buildPlugin(join(ROOT, 'dist/dashboard'), folder);
  await installPlugin(folder);
  keystone = await Keystone.open();
  project = await keystone.make('project', 'guts-horizon-own');
  cloud = await RealCloud.open('lab-demo');
  before = await cloud.holdings();
  browser = await openBrowser();
}, 300_000);

afterAll(async () => {
  await browser.close();
  await keystone.removeAll();
  rmSync(folder, { recursive: true });
}, 180_000);

// Each adds its own ends, and moves a machine that runs.
beforeEach(async () => {
  api = await KeystoneApi.start(keystone, { users: [], password: 'of-the-service', project });
  source = await startSource([guest(BIOS, 'bios', 5)]);
  context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
}, 120_000);
afterEach(async () => {
  await context.close();
  await api.close();
  await source.close();
  // The next one brings the same MAC address.
  await cloud.removeNew(before);
}, 180_000);

async function inHorizon(picture: string): Promise<{ person: Person; visitor: Visitor }> {
  const page = await context.newPage();
  const visitor = new Visitor(context, page);
  page.setDefaultTimeout(30_000);
  await page.goto(`${horizonUrl()}/auth/login/`);
  await visitor.logIn(user, password, /\/project\//);
  await page.goto(`${horizonUrl()}/auth/switch/${cloud.projectId}/?next=/project/guts/`);
  return { person: new Person(page, picture), visitor };
}

/** What the screens said is so: the server boots from the bytes of the source. */
async function expectMoved(): Promise<void> {
  const made = newIn(await cloud.holdings(), before);
  const [serverId = ''] = made.servers.keys();
  await expect
    .poll(() => cloud.console(serverId), { timeout: 120_000, interval: 2000 })
    .toContain('GUTS-GUEST-READY id=guts-bios');
  const [imageId = ''] = made.images.keys();
  const compared = await compareDisks(source.machine(BIOS).disks[0]?.path ?? '', imageFile(imageId));
  expect(compared).toMatchObject({ equal: true });
}

test('inside Horizon, to a real cloud, and to the server among its instances', async () => {
  const { person, visitor } = await inHorizon('horizon');
  await doWholeJob(person, source, REAL, BIOS);
  expect(visitor.complaints).toEqual([]);
  await expectMoved();
  await person.page.goto(`${horizonUrl()}/project/instances/`);
  await person.page.getByRole('link', { name: BIOS }).waitFor();
  await person.page.screenshot({ path: join(PICTURES, 'horizon-instances.png') });
});

test('inside Horizon, beside the fakes', async () => {
  const state = mkdtempSync(join(tmpdir(), 'guts-fake-cloud-'));
  const fake: Cloud = await startCloud({ stateDir: state });
  try {
    const [, member] = fake.users;
    if (!member) throw new Error('the fake cloud has no second user');
    const { person, visitor } = await inHorizon('horizon-fakes');
    await doWholeJob(
      person,
      source,
      {
        authUrl: fake.authUrl,
        user: member.name,
        password: member.password,
        project: member.project,
        region: '',
        network: 'private',
        // This guest is real: a cloud that is not shows nothing of it.
        boots: null,
      },
      BIOS,
    );
    expect(visitor.complaints).toEqual([]);
    expect(fake.servers.size).toBe(1);
  } finally {
    await fake.close();
    rmSync(state, { recursive: true });
  }
});

test('alone, signed in by Keystone, to a real cloud', async () => {
  const page = await context.newPage();
  const visitor = new Visitor(context, page);
  page.setDefaultTimeout(30_000);
  const person = new Person(page, 'alone');
  await page.goto(`${api.url}/dashboard/`);
  await person.enter({ 'User name': user, Password: password, Project: REAL.project });
  await person.look('login');
  await person.press('Log in');
  await person.app.getByRole('heading', { name: 'Overview' }).waitFor();
  await doWholeJob(person, source, REAL, BIOS);
  expect(visitor.complaints).toEqual([]);
  await expectMoved();
});
