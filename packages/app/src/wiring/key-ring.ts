import { hkdfSync, randomBytes } from 'node:crypto';
import { GutsError } from '@guts/core';

const KEY_BYTES = 32;

/**
 * `prepared`: known everywhere before it seals anything; `rotating`: it seals, but not everything that older keys
 * sealed is sealed by it yet; `settled`: what older keys sealed was sealed anew, or it is an older key itself.
 */
type KeyState = 'prepared' | 'rotating' | 'settled';

export interface RingKey {
  /** Stands in what it sealed; no secret. */
  readonly id: string;
  readonly state: KeyState;
  /** Since when it seals; seconds since the epoch; 0: not known. */
  readonly since: number;
  /** The master key as it lies in the file. */
  readonly base64: string;
}

/**
 * The master keys, the one that seals first. As a file: one `id:base64` per line, which versions before rotation read,
 * too, with `:prepared`, `:rotating=<since>` or `:since=<since>` behind it.
 */
export class KeyRing {
  readonly keys: readonly RingKey[];
  /** The one that seals. */
  readonly primary: RingKey;
  readonly #derived = new Map<string, Buffer>();

  private constructor(keys: readonly RingKey[], primary: RingKey) {
    this.keys = keys;
    this.primary = primary;
  }

  /** @param where for errors, which show nothing of the text */
  static parse(text: string, where: string): KeyRing {
    const keys: RingKey[] = [];
    for (const [index, raw] of text.split('\n').entries()) {
      const line = raw.trim();
      if (line === '') continue;
      const refuse = (why: string): never => {
        throw new GutsError('configuration', `${where}, line ${index + 1}: ${why}`, {
          remedy: "Every line must be 'id:base64'. Bring the file back from a backup or from another host.",
        });
      };
      const [, id, base64, mark] =
        /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/]+={0,2})(?::(.*))?$/.exec(line) ??
        refuse("it is not 'id:base64'");
      if (id === undefined || base64 === undefined) return refuse("it is not 'id:base64'");
      const bytes = Buffer.from(base64, 'base64').length;
      if (bytes !== KEY_BYTES) refuse(`key ${id} has ${bytes} bytes instead of ${KEY_BYTES}`);
      if (keys.some((one) => one.id === id)) refuse(`key ${id} is there already`);
      const [, word = '', since = '0'] = /^(since|rotating)=(\d{1,12})$/.exec(mark ?? '') ?? [];
      const state: KeyState = mark === 'prepared' ? 'prepared' : word === 'rotating' ? 'rotating' : 'settled';
      keys.push({ id, base64, state, since: Number(since) });
    }
    return KeyRing.of(keys, where);
  }

  static of(keys: readonly RingKey[], where: string): KeyRing {
    const [primary] = keys;
    if (primary === undefined || primary.state === 'prepared')
      throw new GutsError('configuration', `${where} has no key to seal with`, {
        remedy: 'Bring the file back from a backup or from another host.',
      });
    return new KeyRing(keys, primary);
  }

  static newKey(state: KeyState, since: number): RingKey {
    return {
      id: randomBytes(4).toString('hex'),
      base64: randomBytes(KEY_BYTES).toString('base64'),
      state,
      since,
    };
  }

  toText(): string {
    const mark = ({ state, since }: RingKey): string => {
      if (state === 'prepared') return ':prepared';
      if (state === 'rotating') return `:rotating=${since}`;
      return since === 0 ? '' : `:since=${since}`;
    };
    return this.keys.map((key) => `${key.id}:${key.base64}${mark(key)}\n`).join('');
  }

  /** What seals and opens, derived from the master key (HKDF-SHA-256, RFC 5869). Null: it is not in the ring. */
  derived(id: string): Buffer | null {
    const known = this.#derived.get(id);
    if (known) return known;
    const key = this.keys.find((one) => one.id === id);
    if (!key) return null;
    const master = Buffer.from(key.base64, 'base64');
    const derived = Buffer.from(hkdfSync('sha256', master, '', 'guts secrets', KEY_BYTES));
    this.#derived.set(id, derived);
    return derived;
  }

  get prepared(): RingKey | null {
    return this.keys.find(({ state }) => state === 'prepared') ?? null;
  }

  /** With a key that will seal later. */
  withPrepared(): KeyRing {
    return KeyRing.of([...this.keys, KeyRing.newKey('prepared', 0)], 'the key ring');
  }

  /** With the prepared key, or one made now, as the one that seals. */
  promoted(now: number): KeyRing {
    const { prepared } = this;
    const first: RingKey = prepared
      ? { ...prepared, state: 'rotating', since: now }
      : KeyRing.newKey('rotating', now);
    const rest = this.keys
      .filter((key) => key !== prepared)
      .map((key): RingKey => ({ ...key, state: 'settled' }));
    return KeyRing.of([first, ...rest], 'the key ring');
  }

  /** Everything is sealed by the first key. */
  settled(): KeyRing {
    const [, ...rest] = this.keys;
    return KeyRing.of([{ ...this.primary, state: 'settled' }, ...rest], 'the key ring');
  }

  without(ids: readonly string[]): KeyRing {
    return KeyRing.of(
      this.keys.filter(({ id }) => !ids.includes(id)),
      'the key ring',
    );
  }
}
