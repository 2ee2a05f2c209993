import { randomBytes } from 'node:crypto';
import { VimFault } from './soap/faults.ts';
import type { Settings } from './options.ts';
import type { Ref } from './soap/values.ts';

export interface Session {
  readonly key: string;
  readonly cookie: string;
  readonly loginTime: Date;
  lastActive: number;
  /** Views and collectors, which end with the session. */
  readonly owned: Set<Ref>;
}

/** Who is logged in. */
export class Sessions {
  readonly #settings: Settings;
  readonly #byCookie = new Map<string, Session>();
  readonly #onEnd: (session: Session) => void;

  constructor(settings: Settings, onEnd: (session: Session) => void) {
    this.#settings = settings;
    this.#onEnd = onEnd;
  }

  get count(): number {
    this.#sweep();
    return this.#byCookie.size;
  }

  /** The live sessions. */
  get all(): readonly Session[] {
    this.#sweep();
    return [...this.#byCookie.values()];
  }

  credentialsMatch(username: string, password: string): boolean {
    return username === this.#settings.username && password === this.#settings.password;
  }

  /** @throws VimFault InvalidLogin, or a plain fault when there are too many sessions */
  login(username: string, password: string): Session {
    if (!this.credentialsMatch(username, password)) {
      throw new VimFault('InvalidLogin', 'Cannot complete login due to an incorrect user name or password.');
    }
    if (this.count >= this.#settings.sessionLimit) throw new OutOfSessions();
    const session: Session = {
      key: randomBytes(16).toString('hex'),
      cookie: randomBytes(20).toString('hex'),
      loginTime: new Date(),
      lastActive: Date.now(),
      owned: new Set(),
    };
    this.#byCookie.set(session.cookie, session);
    return session;
  }

  /** The live session of a Cookie header; using it renews it. */
  find(cookieHeader: string | undefined): Session | undefined {
    this.#sweep();
    const cookie = /(?:^|;\s*)vmware_soap_session="?([0-9a-f]+)"?/.exec(cookieHeader ?? '')?.[1];
    const session = cookie === undefined ? undefined : this.#byCookie.get(cookie);
    if (session !== undefined) session.lastActive = Date.now();
    return session;
  }

  end(session: Session): void {
    if (this.#byCookie.delete(session.cookie)) this.#onEnd(session);
  }

  endAll(): void {
    for (const session of this.#byCookie.values()) this.end(session);
  }

  #sweep(): void {
    const oldest = Date.now() - this.#settings.sessionIdleSeconds * 1000;
    for (const session of this.#byCookie.values()) if (session.lastActive < oldest) this.end(session);
  }
}

/** vCenter answers 503 with this text. */
export class OutOfSessions extends Error {
  readonly code = 'out_of_sessions';
  constructor() {
    super('Out of HTTP sessions: Limited to the configured maximum');
  }
}
