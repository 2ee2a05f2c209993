import { ApiClient } from '@guts/contract';
import { expect, test } from 'vitest';
import { streamAddress } from './stream-address.ts';

const asked: unknown[] = [];
const client = new ApiClient({
  fetch: (url, { method, body }) => {
    asked.push([method, url, body]);
    return Promise.resolve(Response.json({ ticket: 'a+b', expires_at: '2026-01-01T00:01:00Z' }));
  },
  baseUrl: '/api/guts',
  headers: {},
});
const horizon = { mode: 'horizon', api: '/api/guts', stream: 'https://guts.example:7000' } as const;

test("alone it is the page's own host that tells", async () => {
  const alone = { mode: 'alone', api: '', stream: null } as const;
  expect(await streamAddress(alone, client, 'http://a', 7)).toBe('/v1/events/stream?after=7&progress=true');
  expect(asked).toEqual([]);
});

test('in Horizon it is guts-api itself, with a ticket for this origin', async () => {
  expect(await streamAddress(horizon, client, 'https://horizon.example', 7)).toBe(
    'https://guts.example:7000/v1/events/stream?after=7&progress=true&ticket=a%2Bb',
  );
  expect(asked).toEqual([['POST', '/api/guts/v1/events/tickets', '{"origin":"https://horizon.example"}']]);
});

test('without a public endpoint there is none', async () => {
  await expect(streamAddress({ ...horizon, stream: null }, client, 'https://h', 0)).rejects.toThrow(
    'no public endpoint',
  );
});
