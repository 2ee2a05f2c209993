import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { pageOf, pictureOf, type Result } from './page.ts';

/** What the page was made from the last time. */
async function resultsOf(path: string): Promise<Result[]> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Result[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Writes docs/performance.md and its picture: the given results, and what was there of other benches. */
export async function writePage(root: string, results: readonly Result[], machine: string): Promise<void> {
  const store = join(root, 'docs/performance.json');
  const isAnew = ({ title }: Result): boolean => results.some((one) => one.title === title);
  const kept = (await resultsOf(store)).filter((one) => !isAnew(one));
  const all = [...kept, ...results].toSorted((one, other) => one.number - other.number);
  const page = join(root, 'docs/performance.md');
  for (const [path, text] of [
    [store, JSON.stringify(all)],
    [page, pageOf(all, machine)],
  ] as const)
    await writeFile(path, await format(text, { ...(await resolveConfig(path)), filepath: path }));
  await writeFile(join(root, 'docs/performance.svg'), pictureOf(all));
}
