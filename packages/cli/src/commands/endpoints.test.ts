import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type Answerer, guts, refusal } from '../../test/rig.ts';

const folder = mkdtempSync(join(tmpdir(), 'guts-endpoints-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

describe.for(['source', 'destination'] as const)('guts %s set', (side) => {
  const endpoint = { id: 'e1', name: 'vc', settings: { url: 'https://a', insecure: true } };
  const api: Answerer = (method, path) => {
    if (method === 'PATCH') return { [side]: endpoint };
    return path.includes('name=vc')
      ? { [`${side}s`]: [endpoint], links: { next: null } }
      : refusal(404, 'no');
  };
  const bodyOf = async (...args: string[]) => {
    const { calls } = await guts([side, 'set', 'vc', ...args], api);
    expect(calls.at(-1)?.line).toBe(`PATCH /v1/${side}s/e1`);
    return calls.at(-1)?.body;
  };

  test('changes a password that was rotated, and nothing else', async () => {
    const path = file('secret', 'password: "@new"\n');
    expect(await bodyOf('--secret-file', path)).toEqual({ secret: { password: '@new' } });
  });
  test('changes the settings that are named, and keeps the others', async () => {
    const ca = file('ca.pem', 'PEM');
    expect(await bodyOf('--set', `ca=@${ca}`, '--unset', 'insecure', '--name', 'vc2')).toEqual({
      name: 'vc2',
      settings: { url: 'https://a', ca: 'PEM' },
    });
  });
  test.for([
    [[], /say what to change/],
    [['--unset', 'ca'], /no setting "ca"/],
    [['--set', 'url'], /KEY=VALUE/],
    [['--set', 'ca=@/nowhere'], /cannot be read.*nowhere/],
    [['--secret-file', '/nowhere'], /cannot be read.*nowhere/],
  ] as const)('%j is refused', async ([args, message]) => {
    await expect(bodyOf(...args)).rejects.toThrow(message);
  });
  test('an error in the secret shows nothing of it', async () => {
    const path = file('broken', 'password: @hunter2\n');
    await expect(bodyOf('--secret-file', path)).rejects.toThrow(/broken: line 1 is not readable/);
    await expect(bodyOf('--secret-file', path)).rejects.not.toThrow(/hunter2/);
  });
});
