/**
 * The fields of an answer's head (RFC 9112, without the empty line), names in lower case, when it is HTTP/1.1 with this
 * status, its body is not encoded, and nothing in it can be read in two ways; else null.
 */
export function fieldsOf(head: string, wanted: number): ReadonlyMap<string, string> | null {
  const [status = '', ...lines] = head.split('\r\n');
  if (!status.startsWith(`HTTP/1.1 ${wanted} `) && status !== `HTTP/1.1 ${wanted}`) return null;
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
  return (fields.get('content-encoding') ?? 'identity') === 'identity' ? fields : null;
}

/** How the end of a body is told: by its length in bytes, in chunks, or by the end of the connection. */
export type Framing = number | 'chunked' | 'close';

/** How an answer of status 200 tells its body's end (RFC 9112, 6.3); null when another client must find out. */
export function framingOf(head: string): Framing | null {
  const fields = fieldsOf(head, 200);
  if (!fields) return null;
  const [coding, length] = [fields.get('transfer-encoding'), fields.get('content-length')];
  // Both are an attack or an error.
  if (coding !== undefined)
    return coding.toLowerCase() === 'chunked' && length === undefined ? 'chunked' : null;
  if (length === undefined) return 'close';
  return /^\d{1,15}$/.test(length) ? Number(length) : null;
}
