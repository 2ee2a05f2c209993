import { expect, test } from 'vitest';
import type { Instance } from '../inventory.ts';
import { demandOf } from './demand.ts';

const disk = (key: string, datastoreRef: string | null) => ({ key, datastoreRef, capacityBytes: 10 });
const instance = {
  hostRef: 'host-1',
  disks: [disk('1', 'ds-1'), disk('2', 'ds-2'), disk('3', 'ds-1'), disk('4', null), disk('5', 'ds-2')],
} as unknown as Instance;

test('what is moved counts, and no more disks at once than are copied so', () => {
  expect(demandOf(instance, 'auto')).toEqual({
    host: 'host-1',
    datastores: ['ds-1', 'ds-2'],
    streams: 4,
    bytes: 50,
    scratchBytes: 0,
  });
  expect(demandOf(instance, 'auto', ['1', '3'])).toMatchObject({
    datastores: ['ds-1'],
    streams: 2,
    bytes: 20,
  });
});

test('a transport is asked of the worker when it is a certain one', () => {
  expect(demandOf(instance, 'vddk')).toMatchObject({ transport: 'vddk' });
  expect(demandOf(instance, 'auto')).not.toHaveProperty('transport');
});
