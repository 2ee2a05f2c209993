import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { GutsError, messageOf, type Secrets } from '@guts/core';

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const FORMAT = 'guts1';

/**
 * AES-256-GCM with a key derived (HKDF-SHA-256, RFC 5869) from a master key; the context is authenticated, so a
 * sealed text that is moved to another row does not open. Text form: `guts1.<key id>.<base64url nonce+tag+text>`.
 */
export class SealedSecrets implements Secrets {
  readonly #keys: ReadonlyMap<string, Buffer>;
  readonly #current: string;

  /** @param keys master keys by id, the first being the one that seals; 32 bytes each */
  constructor(keys: ReadonlyMap<string, Buffer>) {
    const [current] = keys.keys();
    if (current === undefined) throw new GutsError('configuration', 'no key to seal secrets with');
    this.#current = current;
    this.#keys = new Map(
      [...keys].map(([id, key]) => {
        if (key.length !== KEY_BYTES)
          throw new GutsError('configuration', `key ${id} has ${key.length} bytes instead of ${KEY_BYTES}`);
        return [id, Buffer.from(hkdfSync('sha256', key, '', 'guts secrets', KEY_BYTES))];
      }),
    );
  }

  seal(plain: Readonly<Record<string, unknown>>, context: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key(this.#current), nonce);
    cipher.setAAD(Buffer.from(context));
    const text = Buffer.concat([cipher.update(JSON.stringify(plain), 'utf8'), cipher.final()]);
    const body = Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64url');
    return `${FORMAT}.${this.#current}.${body}`;
  }

  open(sealed: string, context: string): Readonly<Record<string, unknown>> {
    const [format, id, body] = sealed.split('.');
    const bytes = Buffer.from(body ?? '', 'base64url');
    if (format !== FORMAT || id === undefined || bytes.length < NONCE_BYTES + TAG_BYTES)
      throw new GutsError('configuration', `the secret of ${context} is not sealed by this version`);
    const decipher = createDecipheriv('aes-256-gcm', this.#key(id), bytes.subarray(0, NONCE_BYTES));
    decipher.setAAD(Buffer.from(context));
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    try {
      const text = Buffer.concat([
        decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)),
        decipher.final(),
      ]);
      return JSON.parse(text.toString('utf8')) as Readonly<Record<string, unknown>>;
    } catch (error) {
      throw new GutsError('configuration', `the secret of ${context} does not open with key ${id}`, {
        cause: error,
        remedy:
          'The key file belongs to another database, or the row was tampered with. Give the secret anew.',
      });
    }
  }

  #key(id: string): Buffer {
    const key = this.#keys.get(id);
    if (key) return key;
    throw new GutsError('configuration', `key ${id}, which sealed a secret, is not in the key file`);
  }
}

/** Reads the master key file, or makes it (0600) when there is none. One `id:base64` per line, newest first. */
export function loadKeyFile(path: string): ReadonlyMap<string, Buffer> {
  try {
    return parseKeys(readFileSync(path, 'utf8'), path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw asConfiguration(path, error);
  }
  const id = randomBytes(4).toString('hex');
  const line = `${id}:${randomBytes(KEY_BYTES).toString('base64')}\n`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // `wx`: two daemons that start together must not each write a key of their own.
    writeFileSync(path, line, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw asConfiguration(path, error);
  }
  return parseKeys(readFileSync(path, 'utf8'), path);
}

function parseKeys(text: string, path: string): ReadonlyMap<string, Buffer> {
  const keys = new Map<string, Buffer>();
  for (const line of text.split('\n').filter((one) => one.trim() !== '')) {
    const [id, key] = line.trim().split(':');
    if (!id || !key) throw new GutsError('configuration', `key file ${path}: every line must be 'id:base64'`);
    keys.set(id, Buffer.from(key, 'base64'));
  }
  return keys;
}

function asConfiguration(path: string, error: unknown): GutsError {
  if (error instanceof GutsError) return error;
  return new GutsError('configuration', `key file ${path}: ${messageOf(error)}`, { cause: error });
}
