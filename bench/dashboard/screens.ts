import { gzipSync } from 'node:zlib';
import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core';

/** What a first visit costs. */
export interface FirstScreen {
  /** From the start of the navigation until the overview shows what it is about; milliseconds. */
  readonly milliseconds: number;
  /** Script that was sent until then; bytes as they were sent, and as gzip makes them. */
  readonly sentBytes: number;
  readonly gzipBytes: number;
}

/** The frames of a page while it was watched. */
export interface Frames {
  /** The longest time between two; milliseconds. */
  readonly longest: number;
  /** Longer ones than 50, 100 and 200 ms. */
  readonly over: readonly [number, number, number];
  readonly count: number;
}

/** Run in the page: counts its frames from now on. Text, for what compiles this program adds calls of its own. */
const WATCH_FRAMES = `{
  const state = { longest: 0, over: [0, 0, 0], count: 0 };
  let last = performance.now();
  const frame = (now) => {
    const took = now - last;
    last = now;
    state.count += 1;
    state.longest = Math.max(state.longest, took);
    [50, 100, 200].forEach((bound, index) => { if (took > bound) state.over[index] += 1; });
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  globalThis.gutsFrames = state;
}`;

/** A context that is signed in, with nothing cached. */
export async function signedIn(browser: Browser, link: string): Promise<BrowserContext> {
  const first = await browser.newContext({ viewport: { width: 1400, height: 900 } });
  const page = await first.newPage();
  await page.goto(link);
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  const storageState = await first.storageState();
  await first.close();
  return browser.newContext({ viewport: { width: 1400, height: 900 }, storageState });
}

/** Opens the overview in a context that has nothing cached. @param running migrations that it is to show */
export async function firstScreen(
  context: BrowserContext,
  url: string,
  running: number,
): Promise<FirstScreen> {
  const page = await context.newPage();
  const scripts: Promise<{ sent: number; gzip: number }>[] = [];
  page.on('response', (response) => {
    if (!/javascript/.test(response.headers()['content-type'] ?? '')) return;
    scripts.push(
      Promise.all([response.request().sizes(), response.body()]).then(([sizes, body]) => ({
        sent: sizes.responseBodySize,
        gzip: gzipSync(body).length,
      })),
    );
  });
  const began = performance.now();
  await page.goto(`${url}/dashboard/`, { waitUntil: 'commit' });
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  await page.getByRole('link', { name: `${running} Running`, exact: true }).waitFor();
  const milliseconds = performance.now() - began;
  const sizes = await Promise.all(scripts);
  await page.close();
  const sum = (of: 'sent' | 'gzip'): number => sizes.reduce((total, one) => total + one[of], 0);
  return { milliseconds, sentBytes: sum('sent'), gzipBytes: sum('gzip') };
}

/** A page that is left open, and looked at now and then. */
export class Watched {
  readonly page: Page;
  readonly #session: CDPSession;

  private constructor(page: Page, session: CDPSession) {
    this.page = page;
    this.#session = session;
  }

  static async open(context: BrowserContext, address: string): Promise<Watched> {
    const page = await context.newPage();
    await page.goto(address);
    const session = await context.newCDPSession(page);
    return new Watched(page, session);
  }

  /** From now on. */
  async watch(): Promise<void> {
    await this.page.evaluate(WATCH_FRAMES);
  }

  /** Scrolls its list up and down for a while, as somebody who looks for something does. */
  async scroll(milliseconds: number): Promise<void> {
    await this.page.locator('.guts-table').hover();
    // From the top each time: who ends further down loads more rows each time, which are held while the page is open.
    await this.page.mouse.wheel(0, -1_000_000);
    const end = performance.now() + milliseconds;
    for (let turn = 0; performance.now() < end; turn += 1) {
      await this.page.mouse.wheel(0, turn % 40 < 20 ? 600 : -600);
      await this.page.waitForTimeout(50);
    }
  }

  frames(): Promise<Frames> {
    return this.page.evaluate('gutsFrames');
  }

  /** Bytes of the page's heap; garbage is collected before, which takes a long frame, or counted. */
  async heap(garbage: 'collected' | 'counted'): Promise<number> {
    if (garbage === 'collected') await this.#session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await this.#session.send('Runtime.getHeapUsage');
    return usedSize;
  }
}
