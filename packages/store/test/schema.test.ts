import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe } from 'vitest';
import { schemaSuite } from './schema.testsuite.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'guts-schema-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the schema on SQLite', () => {
  let made = 0;
  // oxlint-disable-next-line typescript/require-await -- elsewhere a server makes it
  const fresh = async (): Promise<string> => `sqlite://${folder}/${(made += 1)}.db`;
  schemaSuite(fresh, fileURLToPath(new URL('schema-dumps/sqlite', import.meta.url)));
});
