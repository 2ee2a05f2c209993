import Type, { type TSchema } from 'typebox';
import { PageQuery } from '../schemas/common.ts';
import {
  DestinationFlavor,
  DestinationNetwork,
  DestinationVolumeType,
  Driver,
  LimitsAnswer,
  Volume,
} from '../schemas/resources.ts';
import { byId, closed, exactly, listOf, named, none, route } from './define.ts';

const get = { method: 'GET', params: none, query: none, body: null, status: 200 } as const;

export const driversRoute = route({
  ...get,
  path: '/v1/drivers',
  summary: 'What the workers that are alive can reach, with the schemas of its settings',
  tag: 'services',
  answer: Type.Object({ drivers: Type.Array(Driver) }),
});

export const volumesRoute = route({
  ...get,
  path: '/v1/volumes',
  summary: 'Lists disks of the instances of a source, as last refreshed',
  tag: 'inventory',
  query: Type.Object(
    {
      ...PageQuery,
      source: Type.String({ minLength: 1, maxLength: 255, description: 'id or name of the source' }),
      instance: exactly('ref of the instance'),
      datastore: exactly('ref or name of the datastore'),
    },
    closed,
  ),
  answer: listOf('volumes', Volume),
});

const ofDestination = <K extends string, T extends TSchema>(key: K, item: T, what: string) =>
  route({
    ...get,
    path: `/v1/destinations/:id/${key}`,
    summary: `Lists ${what} of a destination, as last refreshed`,
    tag: 'destinations',
    params: byId,
    query: Type.Object({ ...PageQuery, ...named }, closed),
    answer: listOf(key, item),
  });

export const destinationFlavors = ofDestination('flavors', DestinationFlavor, 'flavors');
export const destinationNetworks = ofDestination('networks', DestinationNetwork, 'networks');
export const destinationVolumeTypes = ofDestination('volume_types', DestinationVolumeType, 'volume types');

export const limitsRoute = route({
  ...get,
  path: '/v1/limits',
  summary: 'The limits in force, and what is used of them',
  tag: 'system',
  answer: LimitsAnswer,
});
