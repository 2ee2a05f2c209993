import { MAPPING_SORT_KEYS } from '@guts/core';
import Type from 'typebox';
import { NamedMapping, NamedMappingChange, NewNamedMapping } from '../schemas/mapping.ts';
import { byId, listOf, named, none, page, route } from './define.ts';

const one = Type.Object({ mapping: NamedMapping });
const common = { tag: 'mappings', params: byId, query: none, body: null, status: 200 };

export const mappingRoutes = {
  list: route({
    ...common,
    method: 'GET',
    path: '/v1/mappings',
    summary: 'Lists stored mappings',
    params: none,
    query: page(named, MAPPING_SORT_KEYS),
    answer: listOf('mappings', NamedMapping),
  }),
  create: route({
    ...common,
    method: 'POST',
    path: '/v1/mappings',
    summary: 'Stores a mapping under a name',
    params: none,
    body: NewNamedMapping,
    status: 201,
    creates: true,
    answer: one,
  }),
  show: route({
    ...common,
    method: 'GET',
    path: '/v1/mappings/:id',
    summary: 'Shows a stored mapping',
    answer: one,
  }),
  update: route({
    ...common,
    method: 'PATCH',
    path: '/v1/mappings/:id',
    summary: 'Changes a stored mapping; migrations that are there keep theirs',
    body: NamedMappingChange,
    answer: one,
  }),
  remove: route({
    ...common,
    method: 'DELETE',
    path: '/v1/mappings/:id',
    summary: 'Deletes a stored mapping; migrations that are there keep theirs',
    status: 204,
    answer: null,
  }),
};
