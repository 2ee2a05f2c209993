import { expect, test } from 'vitest';
import { instancesQueryOf, readInstanceSearch, readInventorySearch } from './search.ts';

test('what stands in the address is read, and asked for', () => {
  const search = readInventorySearch({
    source: 'vc',
    q: 10,
    power: 'on',
    guest: 'linux',
    network: 'VM',
    desc: true,
  });
  expect(search).toEqual({ source: 'vc', q: '10', power: 'on', guest: 'linux', network: 'VM', desc: true });
  expect(instancesQueryOf(search, 'id')).toEqual({
    source: 'id',
    sort: 'name:desc',
    search: '10',
    power_state: 'on',
    guest: 'linux',
    network: 'VM',
  });
});

test('what is not understood is left out', () => {
  expect(readInventorySearch({ q: '', power: 'maybe', guest: [], host: {} })).toEqual({});
  expect(readInstanceSearch({ source: {}, destination: '' })).toEqual({ source: '' });
});
