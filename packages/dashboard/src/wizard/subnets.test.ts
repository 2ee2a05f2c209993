import { expect, test } from 'vitest';
import { subnetChoices } from './subnets.ts';

const subnet = (id: string, name: string, cidr: string) => ({ id, name, cidr, ip_version: 4 });
const network = (name: string, subnets: ReturnType<typeof subnet>[]) => ({
  id: `id of ${name}`,
  name,
  shared: false,
  external: false,
  own: true,
  subnets,
});
const networks = [
  network('private', [
    subnet('s1', 'blue', '10.0.0.0/24'),
    subnet('s2', 'twin', '10.0.1.0/24'),
    subnet('s3', 'twin', '10.0.2.0/24'),
    subnet('s4', '', 'fd00::/64'),
  ]),
  network('public', [subnet('s5', 'blue', '192.0.2.0/24')]),
];

test('subnets are told by name and range, and meant by name where only one has it', () => {
  expect(subnetChoices(networks, 'private', '')).toEqual([
    { value: 'blue', label: 'blue (10.0.0.0/24)' },
    { value: 's2', label: 'twin (10.0.1.0/24)' },
    { value: 's3', label: 'twin (10.0.2.0/24)' },
    { value: 's4', label: 's4 (fd00::/64)' },
  ]);
});

test('one that is gone stays chosen until another one is', () => {
  expect(subnetChoices(networks, 'public', 'blue')).toHaveLength(1);
  expect(subnetChoices(networks, 'public', 'gone').at(-1)).toEqual({ value: 'gone', label: 'gone' });
  expect(subnetChoices(networks, '', 'gone')).toEqual([]);
});
