import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keptBuild } from './kept-build.ts';

let root: string;
let kept: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'guts-kept-'));
  kept = join(root, 'kept');
});
afterEach(() => rmSync(root, { recursive: true }));

const out = (name: string): string => join(root, name);
const read = (name: string): string => readFileSync(join(out(name), 'a/b.txt'), 'utf8');
const write = (into: string, text: string): void => {
  mkdirSync(join(into, 'a'), { recursive: true });
  writeFileSync(join(into, 'a/b.txt'), text);
};

test('the same sources are built once', async () => {
  let times = 0;
  for (const name of ['one', 'two'])
    await keptBuild(kept, 'digest', out(name), async (into) => {
      times += 1;
      write(into, 'made');
    });
  expect([read('one'), read('two'), times]).toEqual(['made', 'made', 1]);
  // Whoever runs guts-api may read it, also when somebody else built it.
  const mine = statSync(kept).mode;
  expect([out('one'), out('two')].map((path) => statSync(path).mode)).toEqual([mine, mine]);
});

test.each([
  ['the same sources', 'digest', 'digest'],
  ['other sources', 'digest', 'other'],
])('two builds of %s at once both succeed, and leave nothing half', async (_what, first, second) => {
  let begun = 0;
  let go = (): void => undefined;
  const both = new Promise<void>((resolve) => (go = resolve));
  const build = (digest: string, name: string) =>
    keptBuild(kept, digest, out(name), async (into) => {
      begun += 1;
      if (begun === 2) go();
      await both;
      write(into, digest);
    });
  await Promise.all([build(first, 'one'), build(second, 'two')]);
  expect([read('one'), read('two')]).toEqual([first, second]);
  expect(readdirSync(kept).filter((name) => name !== first && name !== second)).toEqual([]);
});

test('what other sources gave, and what a build left that died, is taken away; what goes on is not', async () => {
  for (const name of ['other', 'unfinished.dead', 'unfinished.going']) write(join(kept, name), name);
  utimesSync(join(kept, 'unfinished.dead'), 1, 1);
  await keptBuild(kept, 'digest', out('one'), async (into) => write(into, 'made'));
  expect(readdirSync(kept).sort()).toEqual(['digest', 'unfinished.going']);
});

test('a build that fails leaves nothing', async () => {
  const broken = keptBuild(kept, 'digest', out('one'), async (into) => {
    write(into, 'half');
    throw new Error('broken');
  });
  await expect(broken).rejects.toThrow('broken');
  expect(readdirSync(kept)).toEqual([]);
});
