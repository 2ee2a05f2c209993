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
  ['migration:audits: role:x\n', /policy file .*, line 1: .*'migration:audits': there is no such rule/],
  ['# a\nx: rule:y\n"migration:audit": rule:x\n', /, line 2: policy rule 'x': there is no rule 'y'/],
  ['migration:audit: rule:x\nx: rule:migration:audit\n', /refers to itself/],
  ['migration:audit: role:a role:b\n', /, line 1: .*join checks with and/],
])('%j is refused', (text, message) => expect(() => loadPolicy(file(text))).toThrow(message));

test('a missing file is named', () => {
  expect(() => loadPolicy(join(folder, 'none.yaml'))).toThrow(/none\.yaml/);
});
