import { orAborted } from './abort.ts';
import { isFault, ProtocolError, SessionLostError, UnreachableError } from './errors.ts';
import { HttpClient, type HttpOptions } from './transport/http.ts';
import { RangeClient } from './transport/range-client.ts';
import { SoapClient, type SoapOptions } from './transport/soap.ts';
import type { TlsTrust } from './transport/tls.ts';
import type { ManagedRef, XmlElement } from './xml/element.ts';
import { escapeXml, type Structure } from './xml/write.ts';

const SERVICE_INSTANCE: ManagedRef = { type: 'ServiceInstance', value: 'ServiceInstance' };
/** A session idles out after 30 minutes (vSphere Web Services SDK, session management). */
const KEEP_ALIVE_SECONDS = 600;
/** How long a login that several callers wait for may take. */
const LOGIN_SECONDS = 120;

/** Stands around one sending of a call, and gives what it gives. `fields`: what the call is given. */
export type Around = <T>(method: string, fields: Structure['fields'], send: () => Promise<T>) => Promise<T>;

export interface ConnectOptions {
  /** `https://host[:port][/sdk]`. */
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly tls: TlsTrust;
  readonly signal: AbortSignal;
  /** For connecting and between bytes; seconds. Default 60. */
  readonly timeoutSeconds?: number;
  readonly userAgent?: string;
  /** Called before every call but those that are `always`: throws when none may be sent any more. */
  readonly check?: () => void;
  /** Stands around every call but login and logout; what it sends is checked first. */
  readonly around?: Around;
}

export interface CallOptions extends SoapOptions {
  /** It ends something of our own, and may be sent at any time. */
  readonly always?: boolean;
  /** It is about something that ends with the login: after a new login it is not repeated. */
  readonly ofThisLogin?: boolean;
}

export interface About {
  readonly fullName: string;
  readonly version: string;
  readonly build: string;
  /** `VirtualCenter` or `HostAgent`. */
  readonly apiType: string;
  readonly apiVersion: string;
  readonly instanceUuid: string | null;
}
export interface ServiceContent {
  readonly rootFolder: ManagedRef;
  readonly propertyCollector: ManagedRef;
  readonly sessionManager: ManagedRef;
  readonly viewManager: ManagedRef;
  readonly authorizationManager: ManagedRef | null;
  readonly about: About;
}

/** The `/sdk` address of what a person wrote, which no error repeats: it may hold a password. @throws ProtocolError */
export function sdkUrl(text: string): URL {
  const withScheme = text.includes('://') ? text : `https://${text}`;
  // Before anything else, and also where the text is no URL at all.
  if (/^[^/?#]*:\/\/[^/?#]*@/.test(withScheme))
    throw new ProtocolError('the URL must not hold a user name or password');
  if (!URL.canParse(withScheme)) throw new ProtocolError('the address is no URL of a vCenter or ESXi');
  const url = new URL(withScheme);
  if (url.username !== '' || url.password !== '')
    throw new ProtocolError('the URL must not hold a user name or password');
  if (url.protocol !== 'https:') throw new ProtocolError('vSphere speaks https only');
  url.pathname = url.pathname === '/' ? '/sdk' : url.pathname.replace(/\/$/, '');
  url.search = '';
  url.hash = '';
  return url;
}

/** A login at one vCenter or ESXi. Logs in again once when the session was lost. */
export class VSphereSession {
  readonly url: URL;
  readonly content: ServiceContent;
  readonly httpOptions: HttpOptions;
  readonly http: HttpClient;
  readonly ranges: RangeClient;
  readonly #soap: SoapClient;
  readonly #login: (signal: AbortSignal) => Promise<void>;
  readonly #check: () => void;
  readonly #around: Around | undefined;
  #logins = 1;
  #again: Promise<void> | null = null;
  #keepAlive: NodeJS.Timeout | null = null;

  private constructor(parts: {
    url: URL;
    content: ServiceContent;
    http: HttpClient;
    httpOptions: HttpOptions;
    soap: SoapClient;
    login: (signal: AbortSignal) => Promise<void>;
    check: () => void;
    around: Around | undefined;
  }) {
    this.url = parts.url;
    this.content = parts.content;
    this.http = parts.http;
    this.httpOptions = parts.httpOptions;
    this.ranges = new RangeClient(parts.httpOptions);
    this.#soap = parts.soap;
    this.#login = parts.login;
    this.#check = parts.check;
    this.#around = parts.around;
  }

  /** @throws UnreachableError, UntrustedCertificateError, LoginError, ProtocolError */
  static async connect(options: ConnectOptions): Promise<VSphereSession> {
    const url = sdkUrl(options.url);
    const { check = () => undefined, around } = options;
    const httpOptions: HttpOptions = {
      trust: options.tls,
      timeoutSeconds: options.timeoutSeconds ?? 60,
      userAgent: options.userAgent ?? 'guts',
    };
    const http = new HttpClient(httpOptions);
    try {
      const soap = new SoapClient(http, url);
      const content = await retrieveContent(soap, options.signal);
      soap.apiVersion = content.about.apiVersion;
      const login = async (signal: AbortSignal): Promise<void> => {
        const fields = [
          ['userName', options.username],
          ['password', options.password],
        ] as const;
        const secrets = [options.password, escapeXml(options.password)];
        await soap.call('Login', content.sessionManager, fields, { signal, secrets });
      };
      await login(options.signal);
      const session = new VSphereSession({ url, content, http, httpOptions, soap, login, check, around });
      session.#startKeepAlive();
      return session;
    } catch (error) {
      await http.close();
      throw error;
    }
  }

  /** `name=value` of the session, for file requests. */
  get cookie(): string {
    return this.#soap.cookie ?? '';
  }

  /** How often this session has logged in: what the server keeps for a login is gone when it grows. */
  get logins(): number {
    return this.#logins;
  }

  /** @throws VSphereFaultError, SessionLostError (`ofThisLogin`) and what the transport throws */
  async call(
    method: string,
    self: ManagedRef,
    fields: Structure['fields'],
    { ofThisLogin, always, ...options }: CallOptions,
  ): Promise<XmlElement[]> {
    const login = this.#logins;
    const sendNow = (): Promise<XmlElement[]> => {
      if (always !== true) this.#check();
      return this.#soap.call(method, self, fields, options);
    };
    const around = this.#around;
    const send = around ? (): Promise<XmlElement[]> => around(method, fields, sendNow) : sendNow;
    try {
      return await send();
    } catch (error) {
      if (!isFault(error, 'NotAuthenticated')) throw error;
      await this.relogin(login, options.signal);
      if (ofThisLogin === true) throw new SessionLostError(method, { cause: error });
      return await send();
    }
  }

  /** One `returnval`. @throws ProtocolError when there is none */
  async callOne(
    method: string,
    self: ManagedRef,
    fields: Structure['fields'],
    options: CallOptions,
  ): Promise<XmlElement> {
    const [first] = await this.call(method, self, fields, options);
    if (!first) throw new ProtocolError(`${method}: the answer is empty`);
    return first;
  }

  /** The server's clock. @throws ProtocolError when it tells none */
  async currentTime(signal: AbortSignal): Promise<Date> {
    const { text } = await this.callOne('CurrentTime', SERVICE_INSTANCE, [], { signal });
    const time = new Date(text);
    if (Number.isNaN(time.getTime())) throw new ProtocolError('CurrentTime: the answer is no time');
    return time;
  }

  /**
   * Logs in again, unless that was done since; callers at the same time share one login.
   * @param refused the value of {@link logins} when the request was sent that was refused
   */
  relogin(refused: number, signal: AbortSignal): Promise<void> {
    if (refused !== this.#logins) return Promise.resolve();
    this.#again ??= this.#loginAnew();
    return orAborted(this.#again, signal);
  }

  /** By no caller's signal: it is for all of them. */
  async #loginAnew(): Promise<void> {
    const signal = AbortSignal.timeout(LOGIN_SECONDS * 1000);
    try {
      await this.#login(signal);
      this.#logins += 1;
    } catch (error) {
      if (!signal.aborted) throw error;
      throw new UnreachableError(this.url.host, `no login within ${LOGIN_SECONDS} seconds`, { cause: error });
    } finally {
      this.#again = null;
    }
  }

  /** Ends the session: a vCenter has a limit of them. Never throws. */
  async logout(): Promise<void> {
    if (this.#keepAlive) clearInterval(this.#keepAlive);
    const signal = AbortSignal.timeout(10_000);
    // A session that cannot be ended idles out; there is nobody to tell.
    await this.#soap.call('Logout', this.content.sessionManager, [], { signal }).catch(() => undefined);
    this.ranges.close();
    await this.http.close();
  }

  #startKeepAlive(): void {
    this.#keepAlive = setInterval(() => {
      const signal = AbortSignal.timeout(60_000);
      // A lost session shows in the next call, which logs in again.
      this.call('CurrentTime', SERVICE_INSTANCE, [], { signal }).catch(() => undefined);
    }, KEEP_ALIVE_SECONDS * 1000);
    this.#keepAlive.unref();
  }
}

async function retrieveContent(soap: SoapClient, signal: AbortSignal): Promise<ServiceContent> {
  const fields = [['_this', undefined]] as const;
  const [found] = await soap.call('RetrieveServiceContent', SERVICE_INSTANCE, fields, { signal });
  if (!found) throw new ProtocolError('the server told nothing about itself: is it a vCenter or ESXi?');
  const about = found.get('about');
  const text = (path: string): string => about.textOf(path) ?? '';
  return {
    rootFolder: found.get('rootFolder').ref(),
    propertyCollector: found.get('propertyCollector').ref(),
    sessionManager: found.get('sessionManager').ref(),
    viewManager: found.get('viewManager').ref(),
    authorizationManager: found.refOf('authorizationManager'),
    about: {
      fullName: text('fullName'),
      version: text('version'),
      build: text('build'),
      apiType: text('apiType'),
      apiVersion: text('apiVersion'),
      instanceUuid: about.textOf('instanceUuid'),
    },
  };
}
