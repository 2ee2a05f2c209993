import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NewEvent, Store } from '@guts/core';
import { openStore } from '@guts/store';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GRACE_SECONDS, retire, rotate } from '../src/secrets/rotation.ts';
import { keyFile } from '../src/wiring/key-file.ts';
import { keyIdOf, openSecrets, type SealedSecrets } from '../src/wiring/secrets.ts';
import { systemClock } from '../src/wiring/clock.ts';
import { guts } from './lab.ts';

const SECRETS = 120;
let folder: string;
let store: Store;
let daemon: SealedSecrets;
let key: string;
const env = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({ GUTS_STATE_DIR: folder, ...more });
const run = (args: readonly string[], more: NodeJS.ProcessEnv = {}) =>
  guts(['--json', 'secret', ...args], env(more)).ended;
const idOf = (index: number): string => `s${String(index).padStart(3, '0')}`;

const event: NewEvent = {
  projectId: 'p',
  resource: 'source',
  resourceId: 's',
  type: 'source.created',
  severity: 'information',
  message: '',
  data: {},
};

async function createSource(index: number, secrets: SealedSecrets): Promise<void> {
  const id = idOf(index);
  const sealedSecret = secrets.seal({ password: `canary-${index}` }, `source:${id}`);
  const more = { projectId: 'p', side: 'source', name: id, driver: 'vsphere', settings: {} } as const;
  await store.createEndpoint({ id, ...more, sealedSecret }, event);
}

/** The ids of the keys that sealed them; every one must open. */
async function keysInUse(count = SECRETS): Promise<Set<string>> {
  const ids = new Set<string>();
  for (let index = 0; index < count; index += 1) {
    const sealed = (await store.sealedSecret('source', idOf(index))) ?? '';
    // By a daemon that has run since before the rotation.
    expect(daemon.open(sealed, `source:${idOf(index)}`)).toEqual({ password: `canary-${index}` });
    ids.add(keyIdOf(sealed) ?? '?');
  }
  return ids;
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'guts-rotation-'));
  key = join(folder, 'key');
  store = await openStore({ url: `sqlite://${join(folder, 'guts.sqlite')}` });
  await store.upgrade();
  daemon = await openSecrets(key, store);
  for (let index = 0; index < SECRETS; index += 1) await createSource(index, daemon);
  await store.takeKey(
    { projectId: 'p', userId: null, key: 'k' },
    { baseId: 'b', sealedDigest: daemon.seal({ digest: 'd' }, 'idempotency:p') },
    60,
  );
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

test.for([
  ['keys.writeKeyFile:before', 1],
  ['keys.writeKeyFile:after', 1],
  ['store.replaceSealed:before', 1],
  ['store.replaceSealed:after', 60],
  ['store.replaceSealed:after', SECRETS + 1],
  ['keys.writeKeyFile:before', 2],
  ['keys.writeKeyFile:after', 2],
] as const)(
  'killed at %s (%i), a rotation goes on when it is run again',
  { timeout: 120_000 },
  async ([point, nth]) => {
    const old = keyFile(key).ring().primary.id;
    const killed = await run(['rotate'], { GUTS_POINT_AT: point, GUTS_POINT_NTH: String(nth) });
    expect(killed).toMatchObject({ code: null });
    await keysInUse();
    const during = keyFile(key).ring();
    const again = await run(['rotate']);
    expect(again).toMatchObject({ code: 0 });
    const rotated = JSON.parse(again.out) as { primary: string; resumed: boolean };
    const begun = during.primary.state === 'rotating';
    expect(rotated.resumed).toBe(begun);
    // A rotation that went on made no key besides.
    expect(keyFile(key).ring().keys).toHaveLength(begun ? during.keys.length : during.keys.length + 1);
    expect(await keysInUse()).toEqual(new Set([rotated.primary]));
    expect(rotated.primary).not.toBe(old);
    expect(keyFile(key).ring().primary.state).toBe('settled');
    expect(JSON.parse((await run(['check'])).out)).toEqual({ opened: SECRETS + 1 });
  },
);

test('a key is prepared everywhere, then seals, and older ones are retired once nothing refers to them', async () => {
  const old = keyFile(key).ring().primary.id;
  const { prepared } = JSON.parse((await run(['rotate', '--prepare'])).out) as { prepared: string };
  expect(await keysInUse()).toEqual(new Set([old]));
  const rotated = await run(['rotate']);
  expect(JSON.parse(rotated.out)).toEqual({ primary: prepared, resumed: false, resealed: SECRETS + 1 });
  const soon = await run(['rotate', '--retire']);
  expect(soon.code).toBe(5);
  expect(soon.err).toMatch(/run it again in \d+ s/);
  const list = await run(['list']);
  expect(JSON.parse(list.out)).toMatchObject({
    keys: [
      { id: prepared, state: 'seals', secrets: SECRETS, requests: 1 },
      { id: old, state: 'opens', secrets: 0, requests: 0 },
    ],
  });
  const masters = keyFile(key)
    .ring()
    .keys.map(({ base64 }) => base64);
  for (const text of [rotated.out, rotated.err, list.out, soon.err])
    for (const master of masters) expect(text).not.toContain(master);

  const later = { ...systemClock, now: () => Date.now() + (GRACE_SECONDS + 1) * 1000 };
  expect(await retire({ path: key, store, clock: later })).toMatchObject({ retired: [old], kept: [] });
  expect(
    keyFile(key)
      .ring()
      .keys.map(({ id }) => id),
  ).toEqual([prepared]);
  await keysInUse();
}, 120_000);

test('what does not open is told and kept, with its key; the rest is rotated', async () => {
  const old = keyFile(key).ring().primary.id;
  await createSource(SECRETS, daemon);
  await store.updateEndpoint('source', idOf(SECRETS), {
    sealedSecret: daemon.seal({ password: 'x' }, 'source:another'),
  });
  const rotated = await run(['rotate']);
  expect(rotated.code).toBe(2);
  expect(rotated.err).toContain(`source \\"${idOf(SECRETS)}\\"`);
  const primary = keyFile(key).ring().primary.id;
  expect(await keysInUse()).toEqual(new Set([primary]));
  expect(keyFile(key).ring().primary.state).toBe('rotating');
  const check = await run(['check']);
  expect(check.code).toBe(2);
  expect(check.err).toMatch(/121 of 122 secrets open/);
  await store.deleteEndpoint('source', idOf(SECRETS), event);
  expect(JSON.parse((await run(['rotate'])).out)).toMatchObject({ resumed: true, primary });
  expect(
    keyFile(key)
      .ring()
      .keys.map(({ id }) => id),
  ).toEqual([primary, old]);
}, 120_000);

test('nothing is rotated while a secret is sealed by a key that this host lacks', async () => {
  const before = keyFile(key).ring();
  await store.updateEndpoint('source', idOf(0), { sealedSecret: 'guts1.elsewhere.AAAA' });
  await expect(rotate({ path: key, store, clock: systemClock })).rejects.toMatchObject({
    code: 'configuration',
    message: 'secrets are sealed by elsewhere, which the key file lacks',
  });
  expect(keyFile(key).ring().toText()).toBe(before.toText());
});
