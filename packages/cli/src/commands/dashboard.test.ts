import { expect, test } from 'vitest';
import { guts } from '../../test/rig.ts';

const LINK = { url: 'http://h:7000/dashboard/login#code=abc', expires_at: '2026-01-01T00:10:00.000Z' };

test('the link alone is printed, so that it can be handed to a browser', async () => {
  const { out, calls } = await guts(['dashboard'], () => LINK);
  expect(out).toBe(`${LINK.url}\n`);
  expect(calls).toEqual([{ line: 'POST /v1/dashboard/links', body: null }]);
});

test('as JSON it is what the API answers', async () => {
  const { out } = await guts(['dashboard', '--json'], () => LINK);
  expect(JSON.parse(out)).toEqual(LINK);
});

test('the trace of --debug does not show the code', async () => {
  const { err } = await guts(['--debug', 'dashboard'], () => LINK);
  expect(err).toContain('POST http://127.0.0.1:7000/v1/dashboard/links');
  expect(err).not.toContain('abc');
});
