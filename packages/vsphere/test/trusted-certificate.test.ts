import { createServer } from 'node:net';
import { startVCenter, type VCenter } from '@guts/lab-vcenter';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  trustedCertificate,
  type TlsTrust,
  UnreachableError,
  UntrustedCertificateError,
} from '../src/index.ts';

const signal = AbortSignal.timeout(60_000);
let vcenter: VCenter;
beforeAll(async () => {
  vcenter = await startVCenter({ machines: [] });
});
afterAll(() => vcenter.close());

const shown = (trust: TlsTrust, url = vcenter.url) =>
  trustedCertificate({ url: new URL(url), trust, timeoutSeconds: 5, signal });

test('is that of the server, whatever it is trusted by', async () => {
  for (const trust of [
    { fingerprint: vcenter.fingerprintSha256 },
    { fingerprint: vcenter.fingerprintSha1 },
    { ca: vcenter.certificatePem },
    { insecure: true },
  ])
    expect(await shown(trust)).toMatchObject({
      sha1: vcenter.fingerprintSha1,
      sha256: vcenter.fingerprintSha256,
    });
});

test('of a server that is not trusted none is told', async () => {
  await expect(shown({ fingerprint: 'ab'.repeat(32) })).rejects.toBeInstanceOf(UntrustedCertificateError);
  await expect(shown({})).rejects.toBeInstanceOf(UnreachableError);
});

test('of nobody, or of who says nothing, is a failure in time', async () => {
  await expect(shown({ insecure: true }, 'https://127.0.0.1:9')).rejects.toBeInstanceOf(UnreachableError);
  const silent = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => silent.once('listening', resolve));
  const address = silent.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const stop = new AbortController();
  const asking = trustedCertificate({
    url: new URL(`https://127.0.0.1:${port}`),
    trust: { insecure: true },
    timeoutSeconds: 60,
    signal: stop.signal,
  });
  stop.abort(new Error('enough'));
  await expect(asking).rejects.toThrow('enough');
  silent.close();
});
