import { expect, test } from 'vitest';
import { readTrace, withoutCallsOf } from './traced.ts';

const TEXT = `store.begin:before
destination.create[volume]:before
http.volume.POST /volumes:before
http.volume.POST /volumes:after
http.volume.POST /volumes:before
http.volume.POST /volumes:after
= destination.create[volume]
destination.create[volume]:after
destination.open:before
destination.create[port]:before
`;

test('tells every point once, in the order in which they came', () => {
  const { points, byRequests } = readTrace(TEXT);
  expect(points).toEqual([
    'store.begin:before',
    'destination.create[volume]:before',
    'http.volume.POST /volumes:before',
    'http.volume.POST /volumes:after',
    'destination.create[volume]:after',
    'destination.open:before',
    'destination.create[port]:before',
  ]);
  expect(byRequests).toEqual(['destination.create[volume]']);
});

test('requests stand for the call that sent them, in whatever scenario it did', () => {
  const { points, byRequests } = readTrace(TEXT);
  const left = withoutCallsOf(
    points.map((point) => ({ point })),
    new Set(byRequests),
  );
  expect(left.map(({ point }) => point)).toEqual([
    'store.begin:before',
    'http.volume.POST /volumes:before',
    'http.volume.POST /volumes:after',
    'destination.open:before',
    'destination.create[port]:before',
  ]);
});
