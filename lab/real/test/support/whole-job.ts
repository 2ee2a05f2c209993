import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { VCenter } from '@guts/lab-vcenter';
import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';
import { ROOT } from './lab.ts';

export const PICTURES = join(ROOT, 'test-output/dashboard-real');
const AXE = readFileSync(
  createRequire(join(ROOT, 'packages/dashboard/')).resolve('axe-core/axe.min.js'),
  'utf8',
);

/** A cloud as one types it into the form. */
export interface TypedCloud {
  readonly authUrl: string;
  readonly user: string;
  readonly password: string;
  readonly project: string;
  readonly region: string;
  /** The network that the machine goes to. */
  readonly network: string;
  /** What its console shows once the guest is up; null: nobody looks. */
  readonly boots: string | null;
}

interface AxeResult {
  readonly violations: readonly { id: string; impact: string | null; nodes: readonly { html: string }[] }[];
}

/** What keeps people from using the app on this page, as axe-core finds it. */
async function seriousIssues(page: Page): Promise<readonly string[]> {
  await page.evaluate(`window.axe || (() => { ${AXE} })()`);
  // Only the app: what Horizon has around it is Horizon's own.
  const { violations } = await page.evaluate<AxeResult>(`axe.run('#guts-root')`);
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

/** The app on a page, as a person uses it. */
export class Person {
  readonly page: Page;
  readonly app: Locator;
  /** Of its pictures. */
  readonly #prefix: string;
  readonly issues: string[] = [];

  constructor(page: Page, prefix: string) {
    this.page = page;
    this.app = page.locator('#guts-root');
    this.#prefix = prefix;
  }

  /** A picture, and what axe says of the same. */
  async look(name: string): Promise<void> {
    await this.page.screenshot({ path: join(PICTURES, `${this.#prefix}-${name}.png`) });
    for (const issue of await seriousIssues(this.page)) this.issues.push(`${name}: ${issue}`);
  }

  async enter(fields: Readonly<Record<string, string>>): Promise<void> {
    for (const [label, value] of Object.entries(fields)) await this.app.getByLabel(label).first().fill(value);
  }

  go(place: string): Promise<void> {
    return this.app.getByRole('link', { name: place, exact: true }).first().click();
  }

  press(name: string | RegExp): Promise<void> {
    return this.app.getByRole('button', { name }).click();
  }

  status(name: string): Locator {
    return this.app.getByText(name, { exact: true }).first();
  }
}

/** The whole job: adds a vCenter and a cloud, moves a machine, and reads the report. */
export async function doWholeJob(
  person: Person,
  source: VCenter,
  cloud: TypedCloud,
  machine: string,
): Promise<void> {
  const { app } = person;
  await person.go('Sources');
  await person.go('Add a source');
  await person.enter({ Name: 'vCenter <b>', URL: source.url, 'User name': source.username });
  await person.enter({ Fingerprint: source.fingerprintSha256, Password: source.password });
  await person.look('source-new');
  await person.press('Add and validate');
  await person.status('Valid').waitFor();
  await person.look('source');

  await person.go('Destinations');
  await person.go('Add a destination');
  await person.enter({ Name: 'this cloud', Keystone: cloud.authUrl, 'User name': cloud.user });
  await person.enter({ 'User domain': 'Default', Project: cloud.project, 'Project domain': 'Default' });
  await person.enter({ Region: cloud.region, Password: cloud.password });
  await person.press('Add and validate');
  await person.status('Valid').waitFor();
  await person.look('destination');

  await person.go('Inventory');
  await app.getByRole('row', { name: machine }).getByRole('checkbox').check();
  await person.look('inventory');
  await person.press(/^Migrate/);
  await app.getByRole('heading', { name: 'Destination', exact: true }).waitFor();
  await app.getByLabel('Destination').selectOption('this cloud');
  await person.press('Next');
  await app.getByLabel('Network of the destination: VM Network').selectOption(cloud.network);
  await person.look('networks');
  for (const step of ['Storage', 'Options', 'Review']) {
    await person.press('Next');
    await app.getByRole('heading', { name: step }).waitFor();
    if (step === 'Options') await chooseProof(person, cloud.boots);
    await person.look(step.toLowerCase());
  }
  await person.press('Start the migration');
  await person.status('Running').waitFor();
  await person.look('running');
  const end = app.getByText(/^(Completed|Failed)$/).first();
  await end.waitFor({ timeout: 300_000 });
  expect(await end.textContent()).toBe('Completed');
  await person.look('detail');
  await app.getByRole('tab', { name: 'Report' }).click();
  await app.getByText('Data verified').waitFor();
  if (cloud.boots !== null) {
    await app.getByText('Boot seen').waitFor();
    await person.press('Show what it showed');
    await app.getByRole('region', { name: 'Console of the guest' }).getByText(cloud.boots).waitFor();
  }
  await person.look('report');
  await person.go('Overview');
  await app.getByRole('heading', { name: 'Overview' }).waitFor();
  await person.look('overview');
  expect(person.issues).toEqual([]);
}

/** How the boot is proven. */
async function chooseProof(person: Person, boots: string | null): Promise<void> {
  const proof = person.app.getByLabel('Proof of the boot');
  if (boots === null) {
    await proof.selectOption({ label: 'Do not look' });
    return;
  }
  await proof.selectOption({ label: 'Without a sign of the guest it counts as failed' });
  await person.enter({ 'What the console shows once the guest is up': boots });
}
