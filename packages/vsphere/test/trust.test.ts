import { rootCertificates } from 'node:tls';
import { exportVm, type TlsTrust, UntrustedCertificateError } from '../src/index.ts';
import { describe, expect, test } from 'vitest';
import { Peer, signal } from './support.ts';

type Choice = (vcenter: Peer['vcenter']) => TlsTrust;

describe('a server is trusted', () => {
  test.for<readonly [string, Choice]>([
    ['by an authority', ({ certificatePem }) => ({ ca: certificatePem })],
    [
      'by one of several authorities',
      ({ certificatePem }) => ({ ca: `${rootCertificates[0]}\n${certificatePem}` }),
    ],
    ['by its SHA-256', ({ fingerprintSha256 }) => ({ fingerprint: fingerprintSha256 })],
    [
      'by its SHA-1, however written',
      ({ fingerprintSha1 }) => ({ fingerprint: fingerprintSha1.replaceAll(':', '').toLowerCase() }),
    ],
    ['when anybody is', () => ({ insecure: true })],
  ])('%s', async ([, trust]) => {
    const peer = await Peer.start();
    const session = await peer.connect({ tls: trust(peer.vcenter) });
    expect(session.content.about.apiType).toBe('VirtualCenter');
  });

  test.for<readonly [string, Choice]>([
    ['by the system, which does not know it', () => ({})],
    ['by an authority that did not sign it', ({ esxiCertificatePem }) => ({ ca: esxiCertificatePem })],
    ['by the SHA-256 of another', ({ esxiFingerprintSha256 }) => ({ fingerprint: esxiFingerprintSha256 })],
    ['by the SHA-1 of another', ({ esxiFingerprintSha1 }) => ({ fingerprint: esxiFingerprintSha1 })],
    [
      'by another, though anybody else would be',
      ({ esxiFingerprintSha1 }) => ({ fingerprint: esxiFingerprintSha1, insecure: true }),
    ],
  ])('not %s: it is shown instead', async ([, trust]) => {
    const peer = await Peer.start();
    const refused = peer.connect({ tls: trust(peer.vcenter) });
    await expect(refused).rejects.toBeInstanceOf(UntrustedCertificateError);
    await expect(refused).rejects.toMatchObject({ certificate: { sha256: peer.vcenter.fingerprintSha256 } });
    expect(peer.vcenter.sessions).toBe(0);
  });
});

test('an ESXi is trusted by what vCenter says of it, not by what trusts vCenter', async () => {
  const disks = [{ sizeBytes: 2 ** 20 }];
  const peer = await Peer.start({ machines: [{ name: 'a', disks }] });
  const session = await peer.connect({ tls: { ca: peer.vcenter.certificatePem } });
  const lease = await exportVm(session, peer.vm('a'), signal);
  const [device] = lease.info.devices;
  if (!device) throw new Error('no device');
  expect(device.sslThumbprint).toBe(peer.vcenter.esxiFingerprintSha1);
  await (await lease.open(device, signal))[Symbol.asyncIterator]().return?.();
  const wrong = { ...device, sslThumbprint: peer.vcenter.fingerprintSha1 };
  await expect(lease.open(wrong, signal)).rejects.toBeInstanceOf(UntrustedCertificateError);
  await lease.abort(signal);
});
