import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './nbd.ts';

/** An authority, and certificates by it for a server and a client, as QEMU wants the files to be named. */
export async function makeCertificates(into: string): Promise<void> {
  await run('mkdir', '-p', into);
  const ssl = (...args: string[]): Promise<string> => run('openssl', ...args);
  const at = (name: string): string => join(into, name);
  await ssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '30',
    '-subj',
    '/CN=authority',
    '-addext',
    'keyUsage=critical,keyCertSign',
    '-keyout',
    at('ca-key.pem'),
    '-out',
    at('ca-cert.pem'),
  );
  for (const who of ['server', 'client']) {
    const names = who === 'server' ? 'subjectAltName=DNS:disks.example' : 'subjectAltName=DNS:guts.example';
    writeFileSync(
      at(`${who}.ext`),
      `${names}\nextendedKeyUsage=${who}Auth\nkeyUsage=critical,digitalSignature,keyEncipherment\nbasicConstraints=critical,CA:false\n`,
    );
    await ssl(
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      `/CN=${who}`,
      '-keyout',
      at(`${who}-key.pem`),
      '-out',
      at(`${who}.csr`),
    );
    await ssl(
      'x509',
      '-req',
      '-in',
      at(`${who}.csr`),
      '-CA',
      at('ca-cert.pem'),
      '-CAkey',
      at('ca-key.pem'),
      '-CAcreateserial',
      '-days',
      '30',
      '-extfile',
      at(`${who}.ext`),
      '-out',
      at(`${who}-cert.pem`),
    );
  }
}
