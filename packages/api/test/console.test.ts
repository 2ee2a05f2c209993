import { routes } from '@guts/contract';
import type { Store } from '@guts/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { leased } from './rig.ts';
import { faultsOf, Served } from './served.ts';

let store: Store;
let served: Served;
beforeEach(async () => {
  served = await Served.open();
  ({ store } = served);
  await served.prepare();
});
afterEach(() => served.close());

async function migration(policies: object): Promise<string> {
  const body = { source: 'vc', destination: 'cloud', instance: 'web', policies };
  return (await served.call('POST', '/v1/migrations', body)).body.migration.id as string;
}

test('the console of a migration is told as the guest wrote it', async () => {
  const id = await migration({});
  const text = '\u001b[0;32mOK\u001b[0m\r\nweb login: ';
  await store.putConsole(await leased(store, id, 'w1'), { text, truncated: true });
  const { status, body } = await served.call('GET', `/v1/migrations/${id}/console`);
  expect(status).toBe(200);
  expect(body.console).toEqual({ text, truncated: true, at: (await store.getConsole(id))?.at });
  expect(faultsOf(routes.migrations.console.answer, body)).toEqual([]);
});

test.for([
  [{}, /not looked at \(yet\)/, /verify-boot ends/],
  [{ verify_boot: 'off' }, /its policy is not to/, /in the cloud/],
] as const)('when none is kept, the answer says why: %j', async ([policies, message, remedy]) => {
  const id = await migration(policies);
  const { status, body } = await served.call('GET', `/v1/migrations/${id}/console`);
  expect([status, body.error.guts_code]).toEqual([404, 'not_found']);
  expect(body.error.message).toMatch(message);
  expect(body.error.remedy).toMatch(remedy);
});
