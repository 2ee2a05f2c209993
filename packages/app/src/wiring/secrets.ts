import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { GutsError, type SealedStore, type Secrets } from '@guts/core';
import { existsSync } from 'node:fs';
import { keyFile, type KeySource, makeKeyFile } from './key-file.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const FORMAT = 'guts1';

/** What everything begins with that a key sealed. */
export const sealedPrefix = (keyId: string): string => `${FORMAT}.${keyId}.`;

/** Null: it is not sealed by this version. */
export function keyIdOf(sealed: string): string | null {
  const [format, id] = sealed.split('.');
  return format === FORMAT && id !== undefined ? id : null;
}

/**
 * AES-256-GCM with a key derived from a master key; the context is authenticated, so a sealed text that is moved to
 * another row does not open. Text form: `guts1.<key id>.<base64url nonce+tag+text>`. Keys may be rotated while a
 * daemon runs: each seal is made by the key that is first in the file then, and an id that is not known has it read
 * again.
 */
export class SealedSecrets implements Secrets {
  readonly #keys: KeySource;

  constructor(keys: KeySource) {
    this.#keys = keys;
  }

  seal(plain: Readonly<Record<string, unknown>>, context: string): string {
    const { id } = this.#keys.fresh().primary;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key(id), nonce);
    cipher.setAAD(Buffer.from(context));
    const text = Buffer.concat([cipher.update(JSON.stringify(plain), 'utf8'), cipher.final()]);
    const body = Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64url');
    return `${sealedPrefix(id)}${body}`;
  }

  open(sealed: string, context: string): Readonly<Record<string, unknown>> {
    const id = keyIdOf(sealed);
    const bytes = Buffer.from(sealed.split('.')[2] ?? '', 'base64url');
    if (id === null || bytes.length < NONCE_BYTES + TAG_BYTES)
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
    const key = this.#keys.ring().derived(id) ?? this.#keys.fresh().derived(id);
    if (key) return key;
    throw new GutsError('configuration', `key ${id}, which sealed a secret, is not in the key file`, {
      field: 'key_file',
      remedy:
        'Copy the key file from a host that has it (guts secret list), or bring it back from a backup. Without it, give the secret anew.',
    });
  }
}

/**
 * The secrets' keys, made when there are none and nothing is sealed yet.
 * @param store null: whatever is in it is sealed anew before it is opened
 * @throws GutsError `configuration` when the file is lost, damaged or open to others
 */
export async function openSecrets(path: string, store: SealedStore | null): Promise<SealedSecrets> {
  // A new key beside secrets that an old one sealed would hide that the old one is lost.
  if (!existsSync(path)) {
    const [sealed] = store ? await store.listSealed('endpoints', { after: null, limit: 1 }) : [];
    if (!sealed) makeKeyFile(path);
  }
  return new SealedSecrets(keyFile(path));
}
