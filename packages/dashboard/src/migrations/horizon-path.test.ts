import { expect, test } from 'vitest';
import { horizonAddress, horizonPath } from './horizon-path.ts';

test('things that Horizon has a page for are linked, wherever it is mounted', () => {
  const server = { kind: 'server', external_id: 'a/b' } as const;
  expect(horizonPath(server, { base: '/project/guts/' })).toBe('/project/instances/a%2Fb/');
  expect(horizonPath({ ...server, kind: 'volume' }, { base: '/horizon/admin/guts/' })).toBe(
    '/horizon/admin/volumes/a%2Fb/',
  );
  expect(horizonPath({ ...server, kind: 'port' }, { base: '/project/guts/' })).toBeNull();
  expect(horizonPath({ ...server, external_id: null }, { base: '/project/guts/' })).toBeNull();
});

test.each([
  ['https://cloud.example.org', 'https://cloud.example.org/project/instances/a%2Fb/'],
  [
    'http://cloud.example.org:8080/horizon/',
    'http://cloud.example.org:8080/horizon/project/instances/a%2Fb/',
  ],
  ['https://user:secret@cloud.example.org/?x=1#y', 'https://cloud.example.org/project/instances/a%2Fb/'],
  ['javascript:alert(1)', null],
  ['data:text/html,x', null],
  ['cloud.example.org', null],
  [17, null],
  [undefined, null],
])('elsewhere they are linked where %s is, if that is a page', (horizon, address) => {
  expect(horizonAddress({ kind: 'server', external_id: 'a/b' }, horizon)).toBe(address);
  expect(horizonAddress({ kind: 'port', external_id: 'a/b' }, horizon)).toBeNull();
});
