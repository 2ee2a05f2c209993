import { expect, test } from 'vitest';
import { horizonPath } from './horizon-path.ts';

test('things that Horizon has a page for are linked, wherever it is mounted', () => {
  const server = { kind: 'server', external_id: 'a/b' } as const;
  expect(horizonPath(server, { base: '/project/guts/' })).toBe('/project/instances/a%2Fb/');
  expect(horizonPath({ ...server, kind: 'volume' }, { base: '/horizon/admin/guts/' })).toBe(
    '/horizon/admin/volumes/a%2Fb/',
  );
  expect(horizonPath({ ...server, kind: 'port' }, { base: '/project/guts/' })).toBeNull();
  expect(horizonPath({ ...server, external_id: null }, { base: '/project/guts/' })).toBeNull();
});
