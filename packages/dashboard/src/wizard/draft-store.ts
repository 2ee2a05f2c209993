import { useCallback, useState } from 'react';
import { type Draft, EMPTY_DRAFT, readDraft } from './draft.ts';

const PREFIX = 'guts.draft.';
const ORDER = 'guts.drafts';
/** Older ones are forgotten. */
const MOST = 8;

type Box = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

function order(box: Box): string[] {
  const stored = box.getItem(ORDER);
  return stored === null ? [] : stored.split(' ').filter((id) => id !== '');
}

/** Random, also where the page came over plain HTTP: `crypto.randomUUID` is not there then. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  // Begins with a letter: an id of digits alone would be read from an address as a number.
  return `d${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** Begins a draft; gives its id. It stays until it is used or forgotten, so that one may leave and come back. */
export function beginDraft(filled: Partial<Draft>, box: Box = localStorage): string {
  const id = newId();
  const ids = [id, ...order(box)];
  for (const old of ids.slice(MOST)) box.removeItem(`${PREFIX}${old}`);
  box.setItem(ORDER, ids.slice(0, MOST).join(' '));
  storeDraft(id, { ...EMPTY_DRAFT, ...filled }, box);
  return id;
}

export function storeDraft(id: string, draft: Draft, box: Box = localStorage): void {
  box.setItem(`${PREFIX}${id}`, JSON.stringify(draft));
}

export const loadDraft = (id: string, box: Box = localStorage): Draft | null =>
  readDraft(box.getItem(`${PREFIX}${id}`));

export function forgetDraft(id: string, box: Box = localStorage): void {
  box.removeItem(`${PREFIX}${id}`);
  box.setItem(
    ORDER,
    order(box)
      .filter((one) => one !== id)
      .join(' '),
  );
}

/** The newest draft that has machines; null: there is none. */
export function unfinishedDraft(
  box: Box = localStorage,
): { readonly id: string; readonly draft: Draft } | null {
  for (const id of order(box)) {
    const draft = loadDraft(id, box);
    if (draft && draft.instances.length > 0) return { id, draft };
  }
  return null;
}

/** A draft, and what changes it: kept at once. */
export function useDraft(id: string): readonly [Draft, (change: Partial<Draft>) => void] {
  const [draft, setDraft] = useState(() => loadDraft(id) ?? EMPTY_DRAFT);
  const change = useCallback(
    (part: Partial<Draft>) =>
      setDraft((now) => {
        const next = { ...now, ...part };
        storeDraft(id, next);
        return next;
      }),
    [id],
  );
  return [draft, change];
}
