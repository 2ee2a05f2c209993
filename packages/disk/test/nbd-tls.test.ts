import { execFileSync, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { DiskUsageError, NbdError, openNbdReader, type NbdReaderOptions } from '../src/index.ts';
import { optionReply } from './nbd-messages.ts';
import { FakeNbdServer, type FakeOptions } from './nbd-server.ts';
import { noise } from './support.ts';

const withoutOpenssl =
  process.env['GUTS_REQUIRE_TOOLS'] !== '1' && spawnSync('openssl', ['version']).status !== 0;
const signal = new AbortController().signal;
const disk = noise(100_000, 2);
const folder = mkdtempSync(join(tmpdir(), 'guts-nbd-tls-'));
const cleanups: (() => Promise<void>)[] = [];
let cert = '';
let key = '';

beforeAll(() => {
  if (withoutOpenssl) return;
  const kind = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '30',
  ];
  const name = ['-subj', '/CN=disks', '-addext', 'subjectAltName=DNS:disks.example'];
  const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')];
  execFileSync('openssl', [...kind, ...name, ...files], { stdio: 'ignore' });
  cert = readFileSync(join(folder, 'cert.pem'), 'utf8');
  key = readFileSync(join(folder, 'key.pem'), 'utf8');
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});
afterAll(() => rmSync(folder, { recursive: true }));

async function serve(options: Partial<FakeOptions>): Promise<FakeNbdServer> {
  const server = await FakeNbdServer.start({ exports: { '': { disk } }, ...options });
  cleanups.push(() => server.stop());
  return server;
}
const target = (server: FakeNbdServer, tlsServerName?: string): NbdReaderOptions['target'] => ({
  address: { kind: 'unix', path: server.path },
  exportName: '',
  secure: true,
  ...(tlsServerName === undefined ? {} : { tlsServerName }),
});
/** Reads all of it; the code of the error where that fails. */
async function outcome(options: NbdReaderOptions): Promise<string> {
  try {
    const reader = await openNbdReader({ connections: 2, ...options }, signal);
    const bytes = new Uint8Array(disk.length);
    await reader.read(0, bytes, signal);
    await reader.close();
    return Buffer.compare(bytes, disk) === 0 ? 'read' : 'wrong bytes';
  } catch (error) {
    if (error instanceof NbdError || error instanceof DiskUsageError) return error.code;
    throw error;
  }
}

test.skipIf(withoutOpenssl)(
  'the server is known by its authority and name, or by its fingerprint, or not at all',
  async () => {
    const server = await serve({ tls: { cert, key } });
    const named = target(server, 'disks.example');
    const fingerprint = new X509Certificate(cert).fingerprint256;
    expect(await outcome({ target: named, tls: { ca: cert } })).toBe('read');
    expect(await outcome({ target: named })).toBe('nbd_untrusted');
    expect(await outcome({ target: target(server, 'other.example'), tls: { ca: cert } })).toBe(
      'nbd_untrusted',
    );
    expect(await outcome({ target: target(server), tls: { fingerprint } })).toBe('read');
    expect(
      await outcome({
        target: target(server),
        tls: { fingerprint: fingerprint.replaceAll(':', '').toLowerCase() },
      }),
    ).toBe('read');
    expect(await outcome({ target: named, tls: { fingerprint: fingerprint.replace(/../, '00') } })).toBe(
      'nbd_untrusted',
    );
    expect(await outcome({ target: named, tls: { fingerprint: 'AA:BB' } })).toBe('disk_usage');
    expect(await outcome({ target: target(server), tls: { ca: cert } })).toBe('disk_usage');
    expect(server.served.filter(({ type }) => type === 0)).toHaveLength(3);
  },
);

test.skipIf(withoutOpenssl)('a server that wants our certificate gets it', async () => {
  const server = await serve({ tls: { cert, key, ca: cert, requestCert: true, rejectUnauthorized: true } });
  const named = target(server, 'disks.example');
  expect(await outcome({ target: named, tls: { ca: cert, certificate: cert, key } })).toBe('read');
  expect(['nbd_connection_lost', 'nbd_tls_refused']).toContain(
    await outcome({ target: named, tls: { ca: cert } }),
  );
});

test('a pre-shared key serves instead of certificates', async () => {
  const secret = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
  const server = await serve({
    tls: {
      ciphers: 'ECDHE-PSK-CHACHA20-POLY1305:DHE-PSK-AES256-GCM-SHA384',
      maxVersion: 'TLSv1.2',
      pskCallback: (_socket, identity) => (identity === 'ann' ? secret : null),
    },
  });
  expect(await outcome({ target: target(server), tls: { psk: { identity: 'ann', key: secret } } })).toBe(
    'read',
  );
  expect(await outcome({ target: { ...target(server), user: 'ann' }, tls: { psk: { key: secret } } })).toBe(
    'read',
  );
  expect(await outcome({ target: target(server), tls: { psk: { identity: 'bob', key: secret } } })).toBe(
    'nbd_tls_refused',
  );
  expect(
    await outcome({ target: target(server), tls: { psk: { identity: 'ann', key: Buffer.alloc(16) } } }),
  ).toBe('nbd_tls_refused');
  expect(await outcome({ target: target(server), tls: { psk: { key: secret } } })).toBe('disk_usage');
});

test('who wants TLS gets it or nothing: no server talks us out of it', async () => {
  const fingerprint = 'ab'.repeat(32);
  const plain = await serve({});
  expect(await outcome({ target: target(plain), tls: { fingerprint } })).toBe('nbd_tls_refused');
  expect(await outcome({ target: { ...target(plain), secure: false }, tls: { fingerprint } })).toBe(
    'nbd_tls_refused',
  );
  expect(plain.served).toEqual([]);
  // Somebody in between puts replies of their own behind the last plain one.
  const injected = await serve({
    onOption: (option) => [Buffer.concat([optionReply(option, 1), optionReply(8, 1)])],
  });
  expect(await outcome({ target: target(injected), tls: { fingerprint } })).toBe('nbd_protocol');
});
