import { faultError, HttpStatusError, ProtocolError } from '../errors.ts';
import type { ManagedRef, XmlElement } from '../xml/element.ts';
import { type Each, parseXml } from '../xml/parse.ts';
import { envelope, type Structure } from '../xml/write.ts';
import type { HttpAnswer, HttpClient } from './http.ts';

export interface SoapOptions {
  readonly signal: AbortSignal;
  /** How long the answer's head may take; for calls that wait on purpose; seconds. */
  readonly headSeconds?: number;
  /** What the request holds and no error may show, should the server repeat it. */
  readonly secrets?: readonly string[];
  /**
   * Elements of a long answer, by their path in the method's response, that are handed over as they come. Some may have
   * been when the answer turns out to be broken; none when it is a fault.
   */
  readonly each?: Each;
}

/** SOAP 1.1 over HTTPS as vim25 speaks it, with the session's cookie. */
export class SoapClient {
  readonly #http: HttpClient;
  readonly #url: URL;
  #cookie: string | null = null;
  /** `urn:vim25/<version>`: set once the server told its own. */
  apiVersion = '6.5';

  constructor(http: HttpClient, url: URL) {
    this.#http = http;
    this.#url = url;
  }

  /** `name=value`, for file requests of the same session. */
  get cookie(): string | null {
    return this.#cookie;
  }

  /** The `returnval` elements. @throws VSphereFaultError, ProtocolError, UnreachableError */
  async call(
    method: string,
    self: ManagedRef,
    fields: Structure['fields'],
    { secrets = [], each, ...options }: SoapOptions,
  ): Promise<XmlElement[]> {
    const answer = await this.#http.request({
      url: this.#url,
      method: 'POST',
      headers: {
        'content-type': 'text/xml; charset=utf-8',
        soapaction: `"urn:vim25/${this.apiVersion}"`,
        ...(this.#cookie === null ? {} : { cookie: this.#cookie }),
      },
      body: envelope(method, self, fields),
      ...options,
    });
    this.#keepCookie(answer.headers['set-cookie']);
    if (answer.status !== 200 && answer.status !== 500) {
      throw new HttpStatusError(answer.status, method, await beginning(answer.body, secrets));
    }
    const path = ['Envelope', 'Body', `${method}Response`, ...(each?.path ?? [])];
    const root = await parseXml(answer.body, { each: each ? { path, take: each.take } : null });
    const body = root.find('Body');
    if (root.name !== 'Envelope' || !body)
      throw new ProtocolError(`${method}: the answer is no SOAP envelope`);
    const fault = body.find('Fault');
    if (fault) throw soapFault(fault, method);
    return body.find(`${method}Response`)?.all('returnval') ?? [];
  }

  #keepCookie(header: string | string[] | undefined): void {
    for (const line of header === undefined ? [] : [header].flat()) {
      const pair = line.split(';', 1)[0] ?? '';
      if (pair.startsWith('vmware_soap_session=')) this.#cookie = pair;
    }
  }
}

function soapFault(fault: XmlElement, method: string): Error {
  const detail = fault.find('detail')?.elements[0];
  // The element is called `<Type>Fault`; its xsi:type is the fault's real type.
  const name = detail?.xsiType ?? detail?.name.replace(/Fault$/, '') ?? 'Fault';
  return faultError(name, fault.textOf('faultstring') ?? 'no message', method, detail?.refOf('obj') ?? null);
}

/** Characters of an answer that is no SOAP that an error shows. */
const SHOWN = 200;
/** Bytes in which they are looked for: error pages begin with markup. */
const LOOKED_AT = 8192;

/** The first words of an answer, without secrets and markup. */
async function beginning(body: HttpAnswer['body'], secrets: readonly string[]): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= LOOKED_AT) break;
  }
  const whole = Buffer.concat(chunks).subarray(0, LOOKED_AT).toString('utf8');
  return secrets
    .filter((one) => one !== '')
    .reduce((text, one) => text.replaceAll(one, '***'), whole)
    .replaceAll(/<(style|script)\b.*?<\/\1>|<[^>]*>/gis, ' ')
    .replaceAll(/[\s\p{C}]+/gu, ' ')
    .trim()
    .slice(0, SHOWN);
}
