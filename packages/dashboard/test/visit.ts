import type { Browser, BrowserContext, Page } from 'playwright-core';
import { expect } from 'vitest';

/** A browser's window of its own, and all that went wrong in it. */
export interface Visit {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Errors of scripts and of the policy for contents, and requests to other hosts. */
  readonly faults: readonly string[];
}

const WAIT_MS = 20_000;

/** @param url where guts-api is: nothing else may be asked for */
export async function visit(browser: Browser, url: string): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, locale: 'en-GB' });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('console', (message) => {
    // A request that fails is told as an error too; which of them may fail the tests know.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      faults.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(`${url}/`) && !request.url().startsWith('data:'))
      faults.push(`another host: ${request.url()}`);
  });
  return { context, page, faults };
}

/** Of the whole time that somebody looked. */
export function expectNoFaults({ faults }: Visit): void {
  expect(faults).toEqual([]);
}
