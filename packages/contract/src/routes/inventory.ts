import Type, { type TSchema } from 'typebox';
import { Datastore, Host, Instance, Network } from '../schemas/inventory.ts';
import { closed, listOf, named, none, page, route } from './define.ts';

const ofSource = {
  source: Type.String({ minLength: 1, maxLength: 255, description: 'id or name of the source' }),
  ...named,
  search: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
};

const inventoryRoute = <K extends string, T extends TSchema>(key: K, item: T) =>
  route({
    method: 'GET',
    path: `/v1/${key}`,
    summary: `Lists ${key} of a source, as last refreshed`,
    tag: 'inventory',
    params: none,
    query: page(ofSource),
    body: null,
    status: 200,
    answer: listOf(key, item),
  });

export const inventoryRoutes = {
  instances: inventoryRoute('instances', Instance),
  networks: inventoryRoute('networks', Network),
  datastores: inventoryRoute('datastores', Datastore),
  hosts: inventoryRoute('hosts', Host),
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
