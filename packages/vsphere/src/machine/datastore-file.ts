import { FileRequestError, ProtocolError } from '../errors.ts';
import type { VSphereSession } from '../session.ts';
import type { HttpAnswer } from '../transport/http.ts';

export interface DatastorePath {
  /** Inventory path of the data centre, such as `Europe/DC0`. */
  readonly datacenter: string;
  readonly datastore: string;
  /** Within the datastore, such as `web/web-flat.vmdk`. */
  readonly path: string;
}

/** Splits `[DS1] web/web.vmdk`. @throws ProtocolError */
export function splitDatastorePath(text: string): { datastore: string; path: string } {
  const match = /^\[([^\]]*)\] ?(.*)$/s.exec(text);
  if (match?.[1] === undefined || match[2] === undefined)
    throw new ProtocolError(`"${text}" is no datastore path`);
  return { datastore: match[1], path: match[2] };
}

/** A file of a datastore over HTTPS, in ranges, with the session's cookie: one session, however many ranges. */
export class DatastoreFile {
  readonly #session: VSphereSession;
  readonly #url: URL;
  readonly #name: string;

  constructor(session: VSphereSession, where: DatastorePath) {
    this.#session = session;
    this.#name = `[${where.datastore}] ${where.path}`;
    const url = new URL(session.url);
    url.pathname = `/folder/${where.path.split('/').map(quote).join('/')}`;
    url.search = `dcPath=${quote(where.datacenter)}&dsName=${quote(where.datastore)}`;
    this.#url = url;
  }

  /** @returns the file's size in bytes. @throws FileRequestError */
  async size(signal: AbortSignal): Promise<number> {
    const answer = await this.#request('HEAD', {}, signal);
    await answer.body.dump();
    this.#refuse(answer.status, 200);
    const length = Number(answer.headers['content-length']);
    if (!Number.isSafeInteger(length) || length < 0)
      throw new ProtocolError(`${this.#name}: the server did not tell its size`);
    return length;
  }

  /** Fills the buffer from an offset. @throws FileRequestError, ProtocolError when the range is not honoured */
  async read(offset: number, buffer: Uint8Array, signal: AbortSignal): Promise<void> {
    if (buffer.length === 0) return;
    const { ranges, cookie } = this.#session;
    if (await ranges.fetch(this.#url, { cookie }, offset, buffer, signal)) return;
    // Not the plain answer: it is asked for again by a client that understands every answer, and tells what is wrong.
    const last = offset + buffer.length - 1;
    const answer = await this.#request('GET', { range: `bytes=${offset}-${last}` }, signal);
    if (answer.status !== 206) {
      await answer.body.dump();
      if (answer.status === 200)
        throw new ProtocolError(`${this.#name}: the server ignored the range and sent the whole file`);
      this.#refuse(answer.status, 206);
    }
    const range = answer.headers['content-range'];
    const start = /^bytes (\d+)-(\d+)\//.exec(typeof range === 'string' ? range : '');
    if (Number(start?.[1]) !== offset || Number(start?.[2]) !== last) {
      await answer.body.dump();
      throw new ProtocolError(`${this.#name}: asked for bytes ${offset}-${last}, got ${String(range)}`);
    }
    let filled = 0;
    for await (const chunk of answer.body) {
      if (filled + chunk.length > buffer.length)
        throw new ProtocolError(`${this.#name}: more bytes came than bytes ${offset}-${last}`);
      buffer.set(chunk, filled);
      filled += chunk.length;
    }
    if (filled !== buffer.length)
      throw new ProtocolError(`${this.#name}: ${filled} bytes came of bytes ${offset}-${last}`);
  }

  async text(signal: AbortSignal, limitBytes: number): Promise<string> {
    const answer = await this.#request('GET', {}, signal);
    if (answer.status !== 200) {
      await answer.body.dump();
      this.#refuse(answer.status, 200);
    }
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of answer.body) {
      bytes += chunk.length;
      if (bytes > limitBytes) throw new ProtocolError(`${this.#name} is longer than ${limitBytes} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  async #request(
    method: 'GET' | 'HEAD',
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const send = (): Promise<HttpAnswer> =>
      this.#session.http.request({
        url: this.#url,
        method,
        headers: { ...headers, cookie: this.#session.cookie },
        signal,
      });
    const login = this.#session.logins;
    const answer = await send();
    if (answer.status !== 401) return answer;
    await answer.body.dump();
    await this.#session.relogin(login, signal);
    return send();
  }

  #refuse(status: number, wanted: number): void {
    if (status === wanted) return;
    throw new FileRequestError(status, `${this.#name}: ${explain(status)}`);
  }
}

function explain(status: number): string {
  switch (status) {
    case 401:
    case 403:
      return `the user may not read it (HTTP ${status}): Datastore.Browse and Datastore.FileManagement are needed`;
    case 404:
      return 'it is not there (HTTP 404); files of vSAN and vVol datastores cannot be read this way';
    case 500:
      return 'it is locked (HTTP 500): the machine runs, or another process holds the file';
    default:
      return `the server answered HTTP ${status}`;
  }
}

/** RFC 3986, and beyond it `'()*!`, which some servers take for something else. */
function quote(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /['()*!]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
