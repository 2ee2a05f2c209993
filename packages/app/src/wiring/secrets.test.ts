import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadKeyFile, SealedSecrets } from './secrets.ts';

const folder = mkdtempSync(join(tmpdir(), 'guts-secrets-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a secret opens in its own place only, and is not to be read in between', () => {
  const secrets = new SealedSecrets(loadKeyFile(join(folder, 'a', 'key')));
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

test('the key file is made once, readable by its owner only, and found again', () => {
  const path = join(folder, 'b', 'key');
  const sealed = new SealedSecrets(loadKeyFile(path)).seal({ a: 1 }, 'x');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(new SealedSecrets(loadKeyFile(path)).open(sealed, 'x')).toEqual({ a: 1 });
  expect(() => new SealedSecrets(loadKeyFile(join(folder, 'c'))).open(sealed, 'x')).toThrow(
    /not in the key file/,
  );
});

test('a broken key file is refused with its path', () => {
  const path = join(folder, 'broken');
  writeFileSync(path, 'nonsense\n');
  expect(() => loadKeyFile(path)).toThrow(/broken.*id:base64/);
  writeFileSync(path, 'id:YQ==\n');
  expect(() => new SealedSecrets(loadKeyFile(path))).toThrow(/1 bytes/);
});
