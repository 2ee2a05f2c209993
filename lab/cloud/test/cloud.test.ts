import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { get } from 'node:https';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startCloud } from '../src/index.ts';
import { guestDisk, start, uploaded } from './kit.ts';

const run = promisify(execFile);

test('an address in use is an error, not a hang', async () => {
  await using lab = await start();
  const port = Number(new URL(lab.cloud.url).port);
  const second = startCloud({ stateDir: join(lab.stateDir, 'second'), port });
  await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

test('closing ends what is under way', async () => {
  const lab = await start({ delays: { volumeCreate: 60_000 } });
  const demo = await lab.as('demo');
  await demo.call('POST', `/volume/v3/${demo.projectId}/volumes`, { volume: { size: 1 } });
  await lab[Symbol.asyncDispose]();
  await expect(demo.call('GET', '/image/v2/images')).rejects.toThrow('fetch failed');
});

test('users, flavors, networks and volume types are what the options say', async () => {
  await using lab = await start({
    users: [{ name: 'ann', password: 'secret', project: 'p', roles: ['member'] }],
    flavors: [{ name: 'f', vcpus: 1, ram: 64, disk: 0 }],
    networks: [{ name: 'n', cidr: '10.0.0.0/24', project: 'p' }],
    volumeTypes: ['fast'],
    region: 'here',
  });
  expect(lab.cloud.users).toEqual([{ name: 'ann', password: 'secret', project: 'p' }]);
  const ann = await lab.as('ann');
  const text = async (path: string) => (await ann.call('GET', path)).text;
  expect(await text('/compute/v2.1/flavors')).toContain('"name":"f"');
  expect(await text('/network/v2.0/networks')).toContain('"name":"n"');
  expect(await text('/volume/v3/types')).toContain('"name":"fast"');
  expect(await text('/identity/v3/auth/catalog')).toContain('"region":"here"');
});

test('quotas change while the cloud runs', async () => {
  await using lab = await start();
  const demo = await lab.as('demo');
  lab.cloud.setQuotas('demo', { imageSizeTotal: 0 });
  await uploaded(demo, guestDisk('one'));
  await expect(uploaded(demo, guestDisk('two'))).rejects.toThrow(/413/);
  lab.cloud.setQuotas('demo', { imageSizeTotal: -1 });
  await expect(uploaded(demo, guestDisk('three'))).resolves.toMatch(/^[0-9a-f-]{36}$/);
});

const openssl = await run('openssl', ['version']).then(
  () => true,
  () => false,
);
test.skipIf(!openssl)('with a certificate, the cloud speaks HTTPS and says so', async () => {
  await using plain = await start();
  const [key, cert] = [join(plain.stateDir, 'key.pem'), join(plain.stateDir, 'cert.pem')];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-x509', '-days', '2'];
  await run('openssl', ['req', ...kind, ...subject, '-keyout', key, '-out', cert]);
  const tls = { certificate: await readFile(cert, 'utf8'), key: await readFile(key, 'utf8') };
  await using lab = await start({ tls });
  const body = await new Promise<string>((done, fail) => {
    get(lab.cloud.authUrl, { ca: tls.certificate }, (response) => {
      response.setEncoding('utf8');
      let text = '';
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => done(text));
    }).on('error', fail);
  });
  expect(body).toContain(`${lab.cloud.url}/identity/v3/`);
  expect(lab.cloud.url).toMatch(/^https:/);
});
