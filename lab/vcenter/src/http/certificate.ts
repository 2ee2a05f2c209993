import { createHash, X509Certificate } from 'node:crypto';
import { generate } from 'selfsigned';
import type { PemPair } from '../options.ts';

/** A self-signed certificate for the listener's address. */
export async function selfSigned(name: string, host: string): Promise<PemPair> {
  const isAddress = /^[0-9.]+$|:/.test(host);
  const made = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(Date.now() - 86_400_000),
    notAfterDate: new Date(Date.now() + 365 * 86_400_000),
    extensions: [
      { name: 'basicConstraints', cA: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          isAddress ? { type: 7, ip: host } : { type: 2, value: host },
        ],
      },
    ],
  });
  return { cert: made.cert, key: made.private };
}

/** A certificate's fingerprint, as vSphere writes it: upper-case hexadecimal pairs with colons. */
export function fingerprint(pem: string, algorithm: 'sha1' | 'sha256'): string {
  const digest = createHash(algorithm).update(new X509Certificate(pem).raw).digest('hex').toUpperCase();
  return (digest.match(/../g) ?? []).join(':');
}
