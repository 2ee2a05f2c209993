/** What is asked for: bytes [offset, offset + length). */
export interface Wanted {
  readonly offset: number;
  readonly length: number;
}

/**
 * Whether an answer's head (RFC 9112, without the empty line) is the plain one to a request for a range: 206, exactly
 * these bytes, of a length that is told, not encoded. `last`: the server closes the connection after it.
 */
export function plainRange(head: string, { offset, length }: Wanted): 'plain' | 'last' | null {
  const [status = '', ...lines] = head.split('\r\n');
  if (!/^HTTP\/1\.1 206(?: |$)/.test(status)) return null;
  const fields = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    // A field that comes twice, a folded line, a blank before the colon: nothing plain.
    if (colon < 1 || /\s/.test(name) || fields.has(name)) {
      if (name === 'set-cookie') continue;
      return null;
    }
    fields.set(name, line.slice(colon + 1).trim());
  }
  const range = /^bytes (\d{1,16})-(\d{1,16})\/(?:\d{1,16}|\*)$/.exec(fields.get('content-range') ?? '');
  const isPlain =
    fields.get('content-length') === String(length) &&
    Number(range?.[1]) === offset &&
    Number(range?.[2]) === offset + length - 1 &&
    !fields.has('transfer-encoding') &&
    (fields.get('content-encoding') ?? 'identity') === 'identity';
  if (!isPlain) return null;
  return /\bclose\b/i.test(fields.get('connection') ?? '') ? 'last' : 'plain';
}
