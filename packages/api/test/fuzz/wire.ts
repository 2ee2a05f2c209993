import { connect } from 'node:net';

/** An answer as it came. */
export interface Answer {
  readonly status: number;
  /** In lower case; the last one of a name counts. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Milliseconds until it was there. */
  readonly took: number;
}

const PATIENCE_MS = 10_000;

/** The body of a message whose head was read; null: not all of it is there. */
function bodyOf(headers: Answer['headers'], rest: Buffer, ended: boolean): string | null {
  // A stream that does not end has said enough once it begins.
  if (headers['content-type']?.startsWith('text/event-stream'))
    return rest.includes('\n\n') ? rest.toString() : null;
  if (headers['transfer-encoding'] === 'chunked') return ended ? rest.toString() : null;
  const length = headers['content-length'];
  if (length === undefined) return ended ? rest.toString() : null;
  return rest.length >= Number(length) || ended ? rest.subarray(0, Number(length)).toString() : null;
}

function parsed(all: Buffer, bodiless: boolean, ended: boolean): Omit<Answer, 'took'> | null {
  const end = all.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const [line = '', ...lines] = all.subarray(0, end).toString('latin1').split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(line)?.[1]);
  if (status === 100) return parsed(all.subarray(end + 4), bodiless, ended);
  const headers = Object.fromEntries(
    lines.map((one) => [
      one.slice(0, one.indexOf(':')).toLowerCase(),
      one.slice(one.indexOf(':') + 1).trim(),
    ]),
  );
  const rest = all.subarray(end + 4);
  if (bodiless || status === 204) return { status, headers, body: rest.toString() };
  const body = bodyOf(headers, rest, ended);
  return body === null ? null : { status, headers, body };
}

/**
 * Sends bytes over a connection of their own, and reads one answer.
 * @param how.bodiless the answer has no body, as that to HEAD
 * @param how.ends nothing comes after the bytes, and the other side is told so
 * @returns null: the other side closed without one, or said nothing in time
 */
export async function exchange(
  { hostname, port }: URL,
  bytes: Buffer,
  { bodiless, ends }: { readonly bodiless: boolean; readonly ends: boolean },
): Promise<Answer | null> {
  const began = performance.now();
  const socket = connect(Number(port), hostname);
  socket.setNoDelay(true);
  const chunks: Buffer[] = [];
  const look = (ended: boolean) => parsed(Buffer.concat(chunks), bodiless, ended);
  const answer = await new Promise<Omit<Answer, 'took'> | null>((resolve) => {
    const patience = setTimeout(() => resolve(look(true)), PATIENCE_MS);
    const over = (): void => {
      clearTimeout(patience);
      resolve(look(true));
    };
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      const found = look(false);
      if (!found) return;
      clearTimeout(patience);
      resolve(found);
    });
    socket.on('end', over);
    // It may close while we still send: what it said before counts.
    socket.on('error', over);
    if (ends) socket.end(bytes);
    else socket.write(bytes);
  });
  socket.destroy();
  return answer && { ...answer, took: performance.now() - began };
}
