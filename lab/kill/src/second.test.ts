import { expect, test } from 'vitest';
import { Countdown } from './second.ts';

const WAY = [
  'store.heartbeat:before',
  'store.acquireLease:before',
  'store.acquireLease:after',
  'store.claimOperation:before',
  'http.volume.DELETE /attachments/{id}:before',
  'store.heartbeat:after',
  'http.volume.DELETE /attachments/{id}:after',
  'store.acquireLease:before',
  'store.beginStep[step.started transfer]:before',
];

test.for([
  [1, 'http.volume.DELETE /attachments/{id}:before'],
  [2, 'http.volume.DELETE /attachments/{id}:after'],
  [4, 'store.beginStep[step.started transfer]:before'],
] as const)('point %i of a worker is counted from its lease, without what the clock does', ([nth, point]) => {
  const countdown = new Countdown(nth);
  expect(WAY.filter((one) => countdown.passes(one))).toEqual([point]);
});
