import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SealedRow, SealedStore } from '@guts/core';
import { afterAll, expect, test } from 'vitest';
import { keyFile, makeKeyFile, writeKeyFile } from './key-file.ts';
import { keyIdOf, openSecrets, SealedSecrets } from './secrets.ts';

const folder = mkdtempSync(join(tmpdir(), 'guts-secrets-'));
afterAll(() => rmSync(folder, { recursive: true }));

function storeWith(rows: readonly SealedRow[]): SealedStore {
  return { listSealed: () => Promise.resolve(rows), replaceSealed: () => Promise.resolve(true) };
}

test('a secret opens in its own place only, and is not to be read in between', async () => {
  const secrets = await openSecrets(join(folder, 'a', 'key'), storeWith([]));
  const sealed = secrets.seal({ password: 'canary' }, 'source:1');
  expect(sealed).not.toContain('canary');
  expect(Buffer.from(sealed.split('.')[2] ?? '', 'base64url').toString('latin1')).not.toContain('canary');
  expect(secrets.open(sealed, 'source:1')).toEqual({ password: 'canary' });
  expect(() => secrets.open(sealed, 'source:2')).toThrow(/does not open/);
  const [format, id, body] = sealed.split('.');
  const flipped = Buffer.from(body ?? '', 'base64url');
  flipped[20] = (flipped[20] ?? 0) ^ 1;
  expect(() => secrets.open(`${format}.${id}.${flipped.toString('base64url')}`, 'source:1')).toThrow(
    /does not open/,
  );
});

test('the key file is made once, readable by its owner only, and found again', async () => {
  const path = join(folder, 'b', 'key');
  const sealed = (await openSecrets(path, storeWith([]))).seal({ a: 1 }, 'x');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect((await openSecrets(path, storeWith([]))).open(sealed, 'x')).toEqual({ a: 1 });
  const others = await openSecrets(join(folder, 'c', 'key'), storeWith([]));
  expect(() => others.open(sealed, 'x')).toThrow(/not in the key file/);
  expect(readdirSync(join(folder, 'b'))).toEqual(['key']);
});

test('beside secrets that are sealed already, a lost key file is told, and none is made', async () => {
  const path = join(folder, 'lost', 'key');
  const row = {
    table: 'endpoints',
    key: ['1'],
    context: 'source:1',
    name: 's',
    sealed: 'guts1.a.b',
  } as const;
  await expect(openSecrets(path, storeWith([row]))).rejects.toMatchObject({
    code: 'configuration',
    message: expect.stringMatching(/it is not there/) as string,
    remedy: expect.stringMatching(/backup/) as string,
  });
});

test.each([
  ['nonsense\n', /damaged, line 1: it is not 'id:base64'/],
  ['id:YQ==\n', /line 1: key id has 1 bytes instead of 32/],
  ['\n', /no key to seal with/],
  [`a:${'A'.repeat(43)}=\na:${'B'.repeat(42)}A=\n`, /line 2: key a is there already/],
  [`a:${'A'.repeat(43)}=:prepared\n`, /no key to seal with/],
])('a damaged key file %j is refused with its path', (text, message) => {
  const path = join(folder, 'damaged');
  writeFileSync(path, text, { mode: 0o600 });
  expect(() => keyFile(path)).toThrow(message);
  expect(() => keyFile(path)).not.toThrow(/AAAA|YQ==/);
});

test.each([
  [0o644, /0644 lets others read it/],
  [0o620, /0620 lets others write it/],
])('one of mode %o is refused', (mode, message) => {
  const path = join(folder, `open-${mode}`);
  makeKeyFile(path);
  chmodSync(path, mode);
  expect(() => keyFile(path)).toThrow(message);
  chmodSync(path, 0o640);
  expect(() => keyFile(path)).not.toThrow();
});

test('a running daemon seals with the newest key, and finds one that it does not know in the file', () => {
  const path = join(folder, 'running');
  makeKeyFile(path);
  const [one, other] = [new SealedSecrets(keyFile(path)), new SealedSecrets(keyFile(path))];
  const before = one.seal({ a: 1 }, 'x');
  writeKeyFile(path, keyFile(path).ring().promoted(1000));
  const after = one.seal({ a: 2 }, 'x');
  expect(keyIdOf(after)).not.toBe(keyIdOf(before));
  expect(other.open(after, 'x')).toEqual({ a: 2 });
  expect(other.open(before, 'x')).toEqual({ a: 1 });
  // What it has read it opens though the file is lost; it seals nothing with a key that may be gone.
  rmSync(path);
  expect(other.open(after, 'x')).toEqual({ a: 2 });
  expect(() => one.seal({ a: 3 }, 'x')).toThrow(/it is not there/);
});

test('a version before rotation reads the file, and the sealing key stands first for it', () => {
  const path = join(folder, 'older');
  makeKeyFile(path);
  const first = keyFile(path).ring().primary.id;
  writeKeyFile(path, keyFile(path).ring().withPrepared());
  const ids = () =>
    readFileSync(path, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => {
        const [id, key] = line.split(':');
        expect(Buffer.from(key ?? '', 'base64')).toHaveLength(32);
        return id;
      });
  expect(ids()[0]).toBe(first);
  const { prepared } = keyFile(path).ring();
  writeKeyFile(path, keyFile(path).ring().promoted(1000));
  expect(ids()).toEqual([prepared?.id, first]);
});
