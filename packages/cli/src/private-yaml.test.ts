import { expect, test } from 'vitest';
import { parsePrivateYaml, PrivateYamlError } from './private-yaml.ts';

function thrownBy(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

test('what is YAML or JSON is read', () => {
  expect(parsePrivateYaml('password: "@hunter2"\n')).toEqual({ password: '@hunter2' });
  expect(parsePrivateYaml('{"password": "hunter2"}')).toEqual({ password: 'hunter2' });
  expect(parsePrivateYaml('a: &x secret\nb: *x\n')).toEqual({ a: 'secret', b: 'secret' });
});

test.for([
  '@hunter2',
  '`hunter2',
  '%hunter2',
  '*hunter2',
  '!hunter2',
  '&hunter2 x: y',
  '"hunter2',
  'x: hunter2',
  '[hunter2',
  '- hunter2',
])('of "password: %s" nothing is shown but the line', (value) => {
  const thrown = thrownBy(() => parsePrivateYaml(`username: me\npassword: ${value}\n`));
  expect(thrown).toBeInstanceOf(PrivateYamlError);
  expect(thrown.message).toMatch(/line [23] is not readable/);
  expect([thrown.stack, JSON.stringify(thrown), String(thrown.cause)].join()).not.toContain('hunter2');
});
