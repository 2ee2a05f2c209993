import { fieldsOf } from './answer-head.ts';

/** What is asked for: bytes [offset, offset + length). */
export interface Wanted {
  readonly offset: number;
  readonly length: number;
}

/**
 * Whether an answer's head (without the empty line) is the plain one to a request for a range: 206, exactly these
 * bytes, of a length that is told, not encoded. `last`: the server closes the connection after it.
 */
export function plainRange(head: string, { offset, length }: Wanted): 'plain' | 'last' | null {
  const fields = fieldsOf(head, 206);
  if (!fields) return null;
  const range = /^bytes (\d{1,16})-(\d{1,16})\/(?:\d{1,16}|\*)$/.exec(fields.get('content-range') ?? '');
  const isPlain =
    fields.get('content-length') === String(length) &&
    Number(range?.[1]) === offset &&
    Number(range?.[2]) === offset + length - 1 &&
    !fields.has('transfer-encoding');
  if (!isPlain) return null;
  return /\bclose\b/i.test(fields.get('connection') ?? '') ? 'last' : 'plain';
}
