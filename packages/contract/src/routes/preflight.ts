import Type from 'typebox';
import { Links, PageQuery } from '../schemas/common.ts';
import { PreflightQuestion } from '../schemas/preflight.ts';
import { InstanceCheck, PreflightRule, PreflightSummary, UnaskedRule } from '../schemas/preflight-answer.ts';
import { closed, none, route } from './define.ts';

const common = { tag: 'preflight', params: none, query: none, status: 200 };
const text = (description: string) => Type.String({ minLength: 1, maxLength: 255, description });

export const preflightRoutes = {
  instance: route({
    ...common,
    method: 'GET',
    path: '/v1/instances/:ref/preflight',
    summary: 'Checks an instance of the inventory, alone or against a destination as last refreshed',
    params: Type.Object({ ref: Type.String({ minLength: 1, maxLength: 255 }) }, closed),
    query: Type.Object(
      {
        source: text('id or name of the source'),
        destination: Type.Optional(text('id or name of the destination')),
        named_mapping: Type.Optional(text('id or name of a stored mapping')),
      },
      closed,
    ),
    body: null,
    answer: Type.Object({ check: InstanceCheck, not_asked: Type.Array(UnaskedRule) }),
  }),
  check: route({
    ...common,
    method: 'POST',
    path: '/v1/preflight',
    summary:
      'Checks instances of a source, page by page: a page looks at `limit` instances, and tells fewer when only grave findings are asked for',
    query: Type.Object(PageQuery, closed),
    body: PreflightQuestion,
    answer: Type.Object({
      checks: Type.Array(InstanceCheck),
      not_asked: Type.Array(UnaskedRule),
      links: Links,
    }),
  }),
  summary: route({
    ...common,
    method: 'POST',
    path: '/v1/preflight/summary',
    summary: 'Checks all of them and tells counts: per severity, per rule, and what all take together',
    body: PreflightQuestion,
    answer: Type.Object({ summary: PreflightSummary }),
  }),
  rules: route({
    ...common,
    method: 'GET',
    path: '/v1/preflight/rules',
    summary: 'Every rule, with why it matters and what to do',
    body: null,
    answer: Type.Object({ rules: Type.Array(PreflightRule) }),
  }),
};
