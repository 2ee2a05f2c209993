import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SILENT_LOG } from '@guts/core';
import { expect, onTestFinished, test } from 'vitest';
import { tellDashboard } from './dashboard.ts';

const LINK = '/dashboard/login#code=geheim';

function told(isTTY: boolean, link: string | null, installed = true): { out: string; log: string } {
  const folder = mkdtempSync(join(tmpdir(), 'guts-dashboard-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  if (installed) writeFileSync(join(folder, 'index.html'), '');
  let out = '';
  let log = '';
  tellDashboard(
    {
      log: {
        ...SILENT_LOG,
        info: (fields, message) => {
          log += `${JSON.stringify(fields)} ${message}`;
        },
      },
      out: {
        isTTY,
        write: (text) => {
          out += text;
        },
      },
    },
    folder,
    'http://127.0.0.1:7000/',
    () => link,
  );
  return { out, log };
}

test('a person at a terminal gets the link; the log has where the dashboard is, and no code', () => {
  const { out, log } = told(true, LINK);
  expect(out).toContain('http://127.0.0.1:7000/dashboard/login#code=geheim\n');
  expect(log).toContain('http://127.0.0.1:7000/dashboard/');
  expect(log).toContain('guts dashboard');
  expect(log).not.toContain('geheim');
});

test('what is written to no terminal may be kept: the link is not in it', () => {
  expect(told(false, LINK)).toEqual({ out: '', log: told(true, LINK).log });
});

test('with Keystone there is no link', () => {
  const { out, log } = told(true, null);
  expect(out).toBe('');
  expect(log).toContain('sign in as at Keystone');
});

test('a dashboard that is not there is not promised', () => {
  const { out, log } = told(true, LINK, false);
  expect(out).toBe('');
  expect(log).toContain('not installed');
});
