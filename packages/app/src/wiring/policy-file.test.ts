import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadPolicy } from './policy-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'guts-policy-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (text: string): string => {
  const path = join(folder, `${Math.random()}.yaml`);
  writeFileSync(path, text);
  return path;
};
const MEMBER = { projectId: 'p', userId: 'u', roles: ['member'], system: false };

test('its rules stand over ours; without a file, or with an empty one, ours are all', () => {
  const rule = 'migration:sources:create';
  expect(loadPolicy(file(`${rule}: role:operator\n`)).allows(rule, MEMBER, MEMBER)).toBe(false);
  expect(loadPolicy(file('# nothing\n')).allows(rule, MEMBER, MEMBER)).toBe(true);
  expect(loadPolicy(null).allows(rule, MEMBER, MEMBER)).toBe(true);
});

test.each([
  ['- a\n', /map of rules/],
  ['migration:audit: 5\n', /'migration:audit': its expression must be a text/],
  ['migration:audit: [\n', /line \d is not readable/],
  ['migration:audits: role:x\n', /policy file .*'migration:audits': there is no such rule/],
])('%j is refused', (text, message) => expect(() => loadPolicy(file(text))).toThrow(message));

test('a missing file is named', () => {
  expect(() => loadPolicy(join(folder, 'none.yaml'))).toThrow(/none\.yaml/);
});
