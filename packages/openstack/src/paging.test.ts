import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ScriptedCloud, startScriptedCloud } from '../test/scripted-cloud.ts';
import { listNetworks, listServers, OpenStackSession } from './index.ts';
import { query, saysMore } from './paging.ts';

const signal = AbortSignal.timeout(20_000);
let cloud: ScriptedCloud;
let session: OpenStackSession;

beforeAll(async () => {
  cloud = await startScriptedCloud();
  session = await OpenStackSession.open(cloud.config, { signal });
});
afterAll(async () => {
  await session.close();
  await cloud[Symbol.asyncDispose]();
});

test('every item once, whatever page size the service allows, and however it says that more follows', async () => {
  const sizes = fc.integer({ min: 0, max: 1200 });
  await fc.assert(
    fc.asyncProperty(sizes, fc.integer({ min: 1, max: 700 }), async (total, allowed) => {
      const ids = Array.from({ length: total }, (_value, index) => `s${index}`);
      cloud.on('GET /compute/v2.1/servers/detail', ({ query: asked }) => {
        const from = asked['marker'] === undefined ? 0 : ids.indexOf(asked['marker']) + 1;
        const size = Math.min(Number(asked['limit']), allowed);
        const servers = ids.slice(from, from + size).map((id) => ({ id }));
        // Nova's way: a link whenever the page is full, even when nothing follows.
        const full = servers.length === size;
        return {
          json: { servers, ...(full ? { servers_links: [{ rel: 'next', href: 'http://hidden/' }] } : {}) },
        };
      });
      const found = await listServers(session, {}, signal);
      expect(found.map((one) => one.id)).toEqual(ids);
    }),
    { numRuns: 25 },
  );
});

test('a service that ignores paging is asked twice at most', async () => {
  const networks = Array.from({ length: 600 }, (_value, index) => ({ id: `n${index}` }));
  cloud.on('GET /network/v2.0/networks', () => ({ json: { networks } }));
  expect(await listNetworks(session, signal)).toHaveLength(600);
  expect(cloud.calls.filter((one) => one.path.endsWith('/networks'))).toHaveLength(2);
});

test('an answer without the list is no empty list', async () => {
  cloud.on('GET /network/v2.0/networks', () => ({ json: { nets: [] } }));
  await expect(listNetworks(session, signal)).rejects.toMatchObject({ code: 'protocol' });
});

test.for([
  [{ next: '/v2/images?marker=x' }, true],
  [{ networks_links: [{ rel: 'previous' }, { rel: 'next' }] }, true],
  [{ networks_links: [{ rel: 'previous' }] }, false],
  [{ networks_links: [null] }, false],
  [{ networks: [{ rel: 'next' }] }, false],
  [{ next: null }, false],
] as const)('%j says that more follows: %s', ([page, more]) => {
  expect(saysMore(page)).toBe(more);
});

test('a query leaves out what is not set, and reads back as what was given', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.option(fc.string(), { nil: undefined })), (values) => {
      const set = Object.entries(values).filter(([, value]) => value !== undefined);
      expect([...new URLSearchParams(query(values))]).toEqual(set);
    }),
  );
});
