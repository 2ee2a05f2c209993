import { request } from 'node:https';
import { child, parseXml, type Node } from '../src/soap/parse.ts';
import type { VCenter } from '../src/index.ts';

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface RawOptions {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** One HTTPS request, certificates unchecked; rejects when the connection is cut. */
export function raw(url: string, options: RawOptions = {}): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method: options.method ?? 'GET',
        headers: options.headers ?? {},
        rejectUnauthorized: false,
        agent: false,
      },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) });
        });
      },
    );
    sent.on('error', reject);
    sent.end(options.body);
  });
}

export class Fault extends Error {
  readonly type: string;
  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

/** The tiniest SOAP client. */
export class Soap {
  readonly url: string;
  cookie = '';

  constructor(url: string) {
    this.url = url;
  }

  static async login(vc: VCenter): Promise<Soap> {
    const soap = new Soap(vc.url);
    await soap.call(
      'Login',
      'SessionManager:SessionManager',
      `<userName>${vc.username}</userName><password>${vc.password}</password>`,
    );
    return soap;
  }

  /** Calls a method on `Type:id` and gives the Response element. */
  async call(method: string, self: string, args = ''): Promise<Node> {
    const colon = self.indexOf(':');
    const body =
      '<?xml version="1.0"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" ' +
      'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"><soapenv:Body>' +
      `<${method} xmlns="urn:vim25"><_this type="${self.slice(0, colon)}">${self.slice(colon + 1)}</_this>${args}</${method}>` +
      '</soapenv:Body></soapenv:Envelope>';
    const answer = await raw(`${this.url}/sdk`, {
      method: 'POST',
      headers: { 'content-type': 'text/xml', cookie: this.cookie, soapaction: 'urn:vim25/8.0.2.0' },
      body,
    });
    const cookie = answer.headers['set-cookie'];
    if (Array.isArray(cookie)) this.cookie = (cookie[0] ?? '').split(';')[0] ?? '';
    if (!String(answer.headers['content-type']).startsWith('text/xml')) {
      throw new Fault(`http${answer.status}`, answer.body.toString());
    }
    const content = child(parseXml(answer.body.toString('utf8')), 'Body')?.children[0];
    if (content === undefined) throw new Error('no body');
    if (content.name === 'Fault') {
      const detail = child(content, 'detail')?.children[0];
      throw new Fault(detail?.attributes['xsi:type'] ?? '', child(content, 'faultstring')?.text ?? '');
    }
    return content;
  }

  /** Properties of one object, by path. */
  async read(self: string, paths: readonly string[]): Promise<ReadonlyMap<string, Node>> {
    const [type = '', ...rest] = self.split(':');
    const answer = await this.call(
      'RetrievePropertiesEx',
      'PropertyCollector:propertyCollector',
      `<specSet><propSet><type>${type}</type>${paths.map((p) => `<pathSet>${p}</pathSet>`).join('')}</propSet>` +
        `<objectSet><obj type="${type}">${rest.join(':')}</obj></objectSet></specSet><options/>`,
    );
    const found = new Map<string, Node>();
    const objects = answer.children[0]?.children.filter((c) => c.name === 'objects') ?? [];
    for (const property of objects[0]?.children.filter((c) => c.name === 'propSet') ?? []) {
      const value = child(property, 'val');
      if (value !== undefined) found.set(child(property, 'name')?.text ?? '', value);
    }
    return found;
  }

  /** Starts a task and waits for its end; gives its info. */
  async task(method: string, self: string, args = ''): Promise<Node> {
    const started = await this.call(method, self, args);
    const id = `Task:${started.children[0]?.text ?? ''}`;
    for (;;) {
      const info = (await this.read(id, ['info'])).get('info');
      const state = child(info, 'state')?.text;
      if (info !== undefined && state === 'success') return info;
      if (state === 'error') {
        const error = child(info, 'error');
        throw new Fault(
          child(error, 'fault')?.attributes['xsi:type'] ?? '',
          child(error, 'localizedMessage')?.text ?? '',
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
