import { ENDPOINT_SORT_KEYS } from '@guts/core';
import Type from 'typebox';
import { Endpoint, EndpointChange, NewEndpoint, Operation, ReapFields } from '../schemas/endpoint.ts';
import { byId, closed, exactly, listOf, named, none, page, route, Statuses } from './define.ts';

const endpointRoutes = <S extends 'source' | 'destination', A extends readonly string[]>(
  side: S,
  actions: A,
) => {
  const tag = `${side}s`;
  const base = `/v1/${tag}`;
  const one = Type.Object({ [side]: Endpoint } as Record<S, typeof Endpoint>);
  const action = Type.Object(
    { action: Type.Unsafe<A[number]>({ type: 'string', enum: [...actions] }), ...ReapFields },
    closed,
  );
  const common = { tag, params: byId, query: none, status: 200 };
  return {
    list: route({
      ...common,
      method: 'GET',
      path: base,
      summary: `Lists ${tag}`,
      params: none,
      query: page({ ...named, status: Statuses, driver: exactly('name of the driver') }, ENDPOINT_SORT_KEYS),
      body: null,
      answer: listOf(`${side}s`, Endpoint),
    }),
    create: route({
      ...common,
      method: 'POST',
      path: base,
      summary: `Makes a ${side}`,
      params: none,
      body: NewEndpoint,
      status: 201,
      creates: true,
      answer: one,
    }),
    show: route({
      ...common,
      method: 'GET',
      path: `${base}/:id`,
      summary: `Shows a ${side}`,
      body: null,
      answer: one,
    }),
    update: route({
      ...common,
      method: 'PATCH',
      path: `${base}/:id`,
      summary: `Changes a ${side}`,
      body: EndpointChange,
      answer: one,
    }),
    remove: route({
      ...common,
      method: 'DELETE',
      path: `${base}/:id`,
      summary: `Deletes a ${side}`,
      body: null,
      status: 204,
      answer: null,
    }),
    act: route({
      ...common,
      method: 'POST',
      path: `${base}/:id/actions`,
      summary: `Starts an operation on a ${side}; reap needs the role admin`,
      body: action,
      status: 202,
      creates: true,
      answer: Type.Object({ operation: Operation }),
    }),
  };
};

export const sourceRoutes = endpointRoutes('source', ['validate', 'refresh', 'reap'] as const);
export const destinationRoutes = endpointRoutes('destination', ['validate', 'refresh', 'reap'] as const);
