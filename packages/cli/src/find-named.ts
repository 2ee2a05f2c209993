import { ApiCallError } from '@guts/contract';

/** For help texts. */
export const NAME_HELP = 'name, id, or the beginning of an id (4 characters or more)';

interface Named {
  readonly id: string;
  readonly name: string;
}

const BEGINNING = /^[\da-f][\da-f-]{3,}$/;
const WHOLE_ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/** Whether a text may be the beginning of an id that is not whole. */
export function isBeginning(text: string): boolean {
  return BEGINNING.test(text) && !WHOLE_ID.test(text);
}

/**
 * The thing that is meant: by its name, else by its id or the beginning of one.
 * @param kind what it is called, such as `mapping`
 * @param list all of that name, or all
 * @throws ApiCallError `not_found`, or `ambiguous` with the ids
 */
export async function findNamed<T extends Named>(
  kind: string,
  text: string,
  list: (name?: string) => Promise<readonly T[]>,
): Promise<T> {
  const [named] = await list(text);
  if (named) return named;
  const found = BEGINNING.test(text) ? (await list()).filter(({ id }) => id.startsWith(text)) : [];
  return onlyOne(kind, text, found);
}

/** @throws ApiCallError `not_found`, or `ambiguous` with the ids */
export function onlyOne<T extends { readonly id: string; readonly name?: string }>(
  kind: string,
  text: string,
  found: readonly T[],
): T {
  const [only] = found;
  if (only && found.length === 1) return only;
  if (!only)
    throw new ApiCallError(`there is no ${kind} with the name or id "${text}"`, {
      status: 0,
      code: 'not_found',
      remedy: `guts ${kind} list shows what there is.`,
    });
  const each = found.map(({ id, name }) => (name === undefined ? id : `${id} (${name})`));
  throw new ApiCallError(`"${text}" may be any of ${found.length} ${kind}s`, {
    status: 0,
    code: 'ambiguous',
    remedy: `Give the id: ${each.join(', ')}.`,
    details: { ids: found.map(({ id }) => id) },
  });
}
