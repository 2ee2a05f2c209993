import { expect, test } from 'vitest';
import { type Answerer, guts } from '../../test/rig.ts';

const ID = '3f2a9c1e-0000-4000-8000-000000000001';
const kept = {
  text: '\u001b[2J\u001b[0;32m  OK  \u001b[0m\u009b31m Started\r\n\u001b]0;owned\u0007web login: ',
  at: '2026-01-01T00:00:00.000Z',
  truncated: false,
};
const answer =
  (console: object): Answerer =>
  () => ({ console });

test('a console is told without what a terminal would obey', async () => {
  const { out, calls } = await guts(['migration', 'console', ID], answer(kept));
  expect(out).toBe('  OK   Started\nweb login:\n');
  expect(calls).toEqual([{ line: `GET /v1/migrations/${ID}/console`, body: null }]);
});

test('as JSON it has all of it, escaped', async () => {
  const { out } = await guts(['--json', 'migration', 'console', ID], answer(kept));
  expect(JSON.parse(out)).toEqual(kept);
  expect(out).not.toMatch(/[^\P{Control}\n]/u);
});

test('one without text says so', async () => {
  const { out } = await guts(['migration', 'console', ID], answer({ ...kept, text: '\u001b[2J\r\n' }));
  expect(out).toBe('the console showed no text\n');
});
