import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { LAB_STATE, ROOT } from './lab.ts';

/** What runs in the page sees these; there is no DOM here. */
declare const document: {
  readonly cookie: string;
  readonly documentElement: { readonly outerHTML: string };
};
declare const localStorage: object;
declare const sessionStorage: object;

const run = promisify(execFile);

/** Where the lab's Horizon answers. */
export function horizonUrl(): string {
  const ports = readFileSync(join(LAB_STATE, 'ports.env'), 'utf8');
  const port = /^LAB_HORIZON_PORT=(\d+)$/m.exec(ports)?.[1];
  if (port === undefined) throw new Error(`${LAB_STATE}/ports.env names no port of Horizon: run up.sh`);
  return `http://127.0.0.1:${port}`;
}

/** Makes the plugin's folder, as `npm run build:horizon` does. */
export async function buildPlugin(app: string, out: string): Promise<void> {
  await run(process.execPath, ['--import', 'tsx', join(ROOT, 'tools/build-horizon.ts'), app, out], {
    cwd: ROOT,
  });
}

/** Installs it in the lab's Horizon, which is started anew. */
export async function installPlugin(folder: string): Promise<void> {
  await run(join(ROOT, 'lab/real/openstack/horizon-plugin.sh'), [folder]);
}

export async function openBrowser(): Promise<Browser> {
  // As root there is no sandbox; the pages are the lab's own.
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
}

/** Somebody at Horizon: a browser of their own, and all that came to it. */
export class Visitor {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What scripts of the page complained about. */
  readonly complaints: string[] = [];
  readonly #received: Promise<string>[] = [];

  constructor(context: BrowserContext, page: Page) {
    this.context = context;
    this.page = page;
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('response', (answer) => {
      const head = answer
        .allHeaders()
        .then((headers) => `${answer.url()} ${answer.status()} ${JSON.stringify(headers)}`);
      // The stream never ends, and redirects have no body.
      const endless = answer.url().includes('/events/stream') || answer.status() >= 300;
      const text = endless ? Promise.resolve('') : answer.text().catch(() => '');
      this.#received.push(Promise.all([head, text]).then((parts) => parts.join('\n')));
    });
  }

  /** Logs in as a person does, at the login page. */
  async logIn(user: string, password: string, thenAt: RegExp): Promise<void> {
    await this.page.fill('#id_username', user);
    await this.page.fill('#id_password', password);
    const domain = this.page.locator('#id_domain');
    if (await domain.isVisible()) await domain.fill('Default');
    await Promise.all([
      this.page.waitForURL((url) => thenAt.test(url.pathname)),
      this.page.click('#loginBtn'),
    ]);
  }

  /** What the page tells the app. */
  async boot(): Promise<Boot> {
    const text = await this.page.textContent('#guts-boot');
    return JSON.parse(text ?? '{}') as Boot;
  }

  /** Links of Horizon's side bar to our panels. */
  panels(): Promise<(string | null)[]> {
    return this.page.$$eval('#sidebar-accordion a[href*="/guts/"]', (all) =>
      all.map((link) => link.getAttribute('href')),
    );
  }

  /** A call as the app makes it, or with these headers alone. */
  async call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer> {
    const { api, csrf } = await this.boot();
    const cookies = await this.context.cookies();
    const token = cookies.find(({ name }) => name === csrf.cookie)?.value ?? csrf.token;
    return this.page.evaluate(
      async ([how, address, what, more]) => {
        const answer = await fetch(address, {
          method: how,
          headers: { 'content-type': 'application/json', ...more },
          ...(what === undefined ? {} : { body: JSON.stringify(what) }),
        });
        const text = await answer.text();
        return {
          status: answer.status,
          headers: Object.fromEntries(answer.headers),
          body: text === '' ? null : (JSON.parse(text) as unknown),
        };
      },
      [method, `${api}${path}`, body, headers ?? { [csrf.header]: token }] as const,
    );
  }

  /** All that the server sent, with what the page and the browser keep. */
  async everything(): Promise<string> {
    const kept = await this.page.evaluate(() =>
      JSON.stringify([
        document.documentElement.outerHTML,
        document.cookie,
        { ...localStorage },
        { ...sessionStorage },
      ]),
    );
    const state = JSON.stringify(await this.context.storageState());
    return [...(await Promise.all(this.#received)), kept, state].join('\n');
  }
}

export interface Boot {
  readonly api: string;
  readonly stream: string;
  readonly csrf: { readonly header: string; readonly token: string; readonly cookie: string };
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}
