import type { Store } from '@guts/core';
import { openStore } from '@guts/store';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KeyRing } from '../wiring/key-ring.ts';
import { SealedSecrets } from '../wiring/secrets.ts';
import { keepDestination, keepSource } from './endpoints.ts';

const ring = KeyRing.of([KeyRing.newKey('settled', 0)], 'test');
const keys = { ring: () => ring, fresh: () => ring };
const CONFIG = { settings: {}, secret: { password: 'p' } };
let store: Store;
let ids: number;
const newId = () => `id-${(ids += 1)}`;
const parts = () => ({ store, secrets: new SealedSecrets(keys), newId });
const source = (address: string) => keepSource(parts(), address, 'vsphere', CONFIG);

beforeEach(async () => {
  ids = 0;
  store = await openStore({ url: 'sqlite::memory:' });
  await store.upgrade();
});
afterEach(() => store.close());

/** As it was kept before the ways of writing an address were made alike. */
async function keptAs(id: string, name: string): Promise<void> {
  const project = 'local';
  await store.createEndpoint(
    { id, projectId: project, side: 'source', name, driver: 'vsphere', settings: {}, sealedSecret: '' },
    {
      projectId: project,
      resource: 'source',
      resourceId: id,
      type: 'source.created',
      severity: 'information',
      message: '',
      data: {},
    },
  );
}

test('a source is one, however its address is written', async () => {
  const first = await source('https://VC.example.org/');
  expect(first).toMatchObject({ id: 'id-1', name: 'https://vc.example.org' });
  for (const other of ['https://vc.example.org', 'vc.example.org:443', 'https://vc.example.org/sdk'])
    expect((await source(other)).id).toBe('id-1');
  expect((await source('https://vc.example.org:8443')).id).toBe('id-2');
});

test('what was kept under an address as it was written then is found, each of two by its own', async () => {
  await keptAs('slash', 'https://vc/');
  expect((await source('https://VC')).id).toBe('slash');
  await keptAs('plain', 'https://vc');
  expect((await source('https://vc/')).id).toBe('slash');
  expect((await source('https://vc')).id).toBe('plain');
  expect((await source('https://vc:443/sdk')).id).toBe('plain');
});

test('a destination is known by its name alone', async () => {
  const keep = (name: string) => keepDestination(parts(), name, 'openstack', CONFIG);
  expect((await keep('lab')).id).toBe((await keep('lab')).id);
  expect((await keep('Lab')).id).not.toBe((await keep('lab')).id);
});
