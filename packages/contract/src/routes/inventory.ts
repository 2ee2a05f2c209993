import { INVENTORY_SORT_KEYS } from '@guts/core';
import Type, { type TSchema } from 'typebox';
import { Words } from '../schemas/common.ts';
import { Datastore, Host, Instance, Network } from '../schemas/inventory.ts';
import { closed, exactly, listOf, named, none, page, route } from './define.ts';

const ofSource = {
  source: Type.String({ minLength: 1, maxLength: 255, description: 'id or name of the source' }),
  ...named,
  search: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
};

/** What instances are found by; in either case. */
const ofInstances = {
  power_state: Type.Optional(Words(['on', 'off', 'suspended'])),
  host: exactly('ref or name of its host'),
  datastore: exactly('ref or name of a datastore of its disks'),
  network: exactly('ref or name of a network of its NICs'),
  folder: Type.Optional(
    Type.String({ minLength: 1, maxLength: 2000, description: 'path of a folder it lies in, however deep' }),
  ),
  guest: exactly('linux, windows or other; or id or name of its guest system'),
};

const inventoryRoute = <K extends string, T extends TSchema, Q extends Record<string, TSchema>>(
  key: K,
  item: T,
  filters: Q,
) =>
  route({
    method: 'GET',
    path: `/v1/${key}`,
    summary: `Lists ${key} of a source, as last refreshed`,
    tag: 'inventory',
    params: none,
    query: page({ ...ofSource, ...filters }, INVENTORY_SORT_KEYS),
    body: null,
    status: 200,
    answer: listOf(key, item),
  });

export const inventoryRoutes = {
  instances: inventoryRoute('instances', Instance, ofInstances),
  networks: inventoryRoute('networks', Network, {}),
  datastores: inventoryRoute('datastores', Datastore, {}),
  hosts: inventoryRoute('hosts', Host, {}),
  instance: route({
    method: 'GET',
    path: '/v1/instances/:ref',
    summary: 'Shows an instance',
    tag: 'inventory',
    params: Type.Object({ ref: Type.String({ minLength: 1, maxLength: 255 }) }, closed),
    query: Type.Object({ source: ofSource.source }, closed),
    body: null,
    status: 200,
    answer: Type.Object({ instance: Instance }),
  }),
};
