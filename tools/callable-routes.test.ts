import { allRoutes, routes } from '@guts/contract';
import { expect, test } from 'vitest';
import { type Callable, callable } from './callable-routes.ts';

const leaves = (tree: Callable): unknown[] =>
  'path' in tree
    ? [tree]
    : Object.values(tree).flatMap((one) => (typeof one === 'string' ? [one] : leaves(one)));

test('keeps where every route is called, and nothing else', () => {
  const left = callable(routes);
  expect(left['migrations']).toMatchObject({ show: { method: 'GET', path: '/v1/migrations/:id' } });
  expect(left['health']).toEqual({ method: routes.health.method, path: routes.health.path });
  expect(leaves(left)).toEqual([...allRoutes.values()].map(({ method, path }) => ({ method, path })));
});

test('refuses what is neither a route nor a group', () => {
  expect(() => callable({ health: '/health' })).toThrow(/health is neither/);
});
