import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { routes } from '@guts/contract';
import { afterAll, expect, test } from 'vitest';
import { loadPolicy } from '../wiring/policy-file.ts';
import { checkPolicy, showPolicy } from './policy.ts';

const folder = mkdtempSync(join(tmpdir(), 'guts-policy-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'policy.yaml');
writeFileSync(file, 'operator: role:operator\nmigration:migrations:create: rule:operator or rule:admin\n');
const env = { GUTS_STATE_DIR: folder, GUTS_POLICY_FILE: file };
const NOBODY = { role: [], system: false };

function printed(work: (output: { json: boolean; out: { write(text: string): void } }) => void): string {
  let text = '';
  work({ json: false, out: { write: (more) => (text += more) } });
  return text;
}
const shown = (sample: boolean): string => printed((output) => showPolicy({ sample }, env, output));

test('what is shown is a policy file that does what is in force', () => {
  const text = shown(false);
  expect(text).toContain(
    `# ${routes.migrations.create.summary}: POST /v1/migrations\n# overridden; built in: "rule:member"\n"migration:migrations:create": "rule:operator or rule:admin"\n`,
  );
  const again = join(folder, 'again.yaml');
  writeFileSync(again, text);
  expect(loadPolicy(again).rules).toEqual(loadPolicy(file).rules);
});

test('a sample changes nothing, and every rule of it may be uncommented', () => {
  const sample = join(folder, 'sample.yaml');
  writeFileSync(sample, shown(true));
  expect(loadPolicy(sample).rules).toEqual(loadPolicy(null).rules);
  writeFileSync(sample, shown(true).replaceAll(/^#"/gm, '"'));
  expect(loadPolicy(sample).rules).toEqual(loadPolicy(null).rules);
  expect(shown(true)).toContain('#"migration:sources:list": "rule:reader"');
});

test('a file is checked', () => {
  expect(printed((output) => checkPolicy(file, NOBODY, {}, output))).toBe(
    `${file}: 2 rules differ from the built-in ones\n`,
  );
  const bad = join(folder, 'bad.yaml');
  writeFileSync(bad, 'migration:audits: role:x\n');
  expect(() => checkPolicy(bad, NOBODY, {}, { json: false, out: process.stdout })).toThrow(
    /line 1.*no such rule/,
  );
});

test.each([
  [['member', 'reader'], 'migration:migrations:create', false, 4],
  [['operator'], 'migration:migrations:create', false, 0],
  [['reader'], 'migration:migrations:list', false, 0],
  [['reader'], 'migration:migrations:list', true, 4],
  [['admin'], 'migration:migrations:list', true, 0],
] as const)('who has %j: %s, of the system %s: exit code %i', (role, rule, system, code) => {
  let got = -1;
  const text = printed((output) => (got = checkPolicy(null, { role, rule, system }, env, output)));
  expect(got).toBe(code);
  expect(text).toBe(`${code === 0 ? 'passes' : 'fails '}  ${rule}\n`);
});

test('without a rule all are told; one that is unknown is refused', () => {
  const text = printed((output) => checkPolicy(null, { role: ['reader'], system: false }, env, output));
  expect(text).toContain('passes  migration:sources:list\n');
  expect(text).toContain('fails   migration:sources:create\n');
  const asked = () =>
    checkPolicy(null, { role: [], rule: 'migration:x', system: false }, env, {
      json: false,
      out: process.stdout,
    });
  expect(asked).toThrow(/no policy rule/);
});
