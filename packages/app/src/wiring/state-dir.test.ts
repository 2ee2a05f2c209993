import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { freeBytes, prepareScratchDir } from './state-dir.ts';

const folder = mkdtempSync(join(tmpdir(), 'guts-scratch-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('the scratch folder is made, for its owner alone, and its file system has room or not', async () => {
  const scratch = join(folder, 'a', 'scratch');
  prepareScratchDir(scratch);
  expect(existsSync(scratch)).toBe(true);
  expect(statSync(scratch).mode & 0o777).toBe(0o700);
  const free = await freeBytes(scratch);
  expect(Number.isSafeInteger(free)).toBe(true);
  expect(free).toBeGreaterThan(0);
  await expect(freeBytes(join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('one that cannot be is refused, with the setting that chooses another', () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  expect(() => prepareScratchDir(join(file, 'scratch'))).toThrow(
    expect.objectContaining({
      code: 'configuration',
      remedy: expect.stringMatching(/scratch_dir.*GUTS_SCRATCH_DIR/),
    }),
  );
});
