import { expect, test } from 'vitest';
import { beginDraft, forgetDraft, loadDraft, unfinishedDraft } from './draft-store.ts';

class Box {
  readonly kept = new Map<string, string>();
  getItem = (key: string): string | null => this.kept.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.kept.set(key, value);
  removeItem = (key: string): void => void this.kept.delete(key);
}

test('the newest draft with machines is gone on with, until it is forgotten', () => {
  const box = new Box();
  const first = beginDraft({ source: 'a', instances: ['1'] }, box);
  beginDraft({}, box);
  expect(unfinishedDraft(box)).toMatchObject({ id: first, draft: { source: 'a', instances: ['1'] } });
  forgetDraft(first, box);
  expect(unfinishedDraft(box)).toBeNull();
});

test('only the newest are kept', () => {
  const box = new Box();
  const ids = Array.from({ length: 12 }, (_, at) => beginDraft({ source: `s${at}` }, box));
  expect(ids.map((id) => loadDraft(id, box)?.source)).toEqual([
    ...Array.from({ length: 4 }, () => undefined),
    's4',
    's5',
    's6',
    's7',
    's8',
    's9',
    's10',
    's11',
  ]);
});
