import { SILENT_LOG, type SourceConnection } from '@guts/core';
import { startVCenter, type VCenter } from '@guts/lab-vcenter';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createVSphereDriver } from '../src/index.ts';

const signal = AbortSignal.timeout(60_000);
let vcenter: VCenter;
let source: SourceConnection;

beforeAll(async () => {
  vcenter = await startVCenter({
    machines: [
      { name: 'member', vApp: 'web/shop', folder: ['Prod'], disks: [{ sizeBytes: 2 ** 20 }] },
      { name: 'other', folder: ['Prod'] },
    ],
  });
  const { url, username, password, fingerprintSha256: fingerprint } = vcenter;
  const config = { settings: { url, username, fingerprint }, secret: { password } };
  source = await createVSphereDriver().connect(config, { signal, log: SILENT_LOG });
});
afterAll(async () => {
  await source.close();
  await vcenter.close();
});

test('a member of a vApp has its path through the vApp, listed as inspected', async () => {
  const [found, ...more] = await source.find('member', signal);
  expect(found?.path).toBe('DC0/vm/Prod/web%2fshop/member');
  expect(more).toEqual([]);
  expect(await source.inspect(found?.ref ?? '', signal)).toEqual(found);
  expect(await source.find('DC0/vm/Prod/other', signal)).toHaveLength(1);
});

test('its disks are found in its data centre', async () => {
  const instance = await source.inspect(vcenter.machine('member').id, signal);
  expect(await source.checkTransport(instance, 'datastore', signal)).toEqual([]);
  const session = await source.openDisks(instance, 'datastore', ['2000'], new Map(), signal);
  await session.complete(signal);
});

test('a vApp is no network', async () => {
  const names: string[] = [];
  for await (const { kind, data } of source.inventory(signal)) if (kind === 'network') names.push(data.name);
  expect(names.toSorted()).toEqual(['VM Network', 'dvpg-prod']);
});
