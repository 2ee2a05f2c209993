/** Tags of networks, subnets, ports and groups (Networking API v2.0, "Standard attributes tag extension"). */
import { badRequest, notFound } from '../http/api-error.ts';
import { isObject, textsIn } from '../http/json.ts';
import { param, route, type Call, type Service } from '../http/service.ts';

interface Tagged {
  readonly tags: Set<string>;
}

function checked(tag: string): string {
  if (tag.length === 0 || tag.length > 60)
    throw badRequest(`'${tag}' exceeds maximum length of 60`, 'HTTPBadRequest');
  return tag;
}

/** Whether the query's `tags` (all of them) and `tags-any` fit. */
export function tagged(call: Call, one: Tagged): boolean {
  const all = call.query.get('tags')?.split(',') ?? [];
  const any = call.query.get('tags-any')?.split(',');
  return all.every((tag) => one.tags.has(tag)) && (any?.some((tag) => one.tags.has(tag)) ?? true);
}

/** Routes under `/v2.0/<plural>/:id/tags`; `find` refuses what the caller may not see. */
export function tagRoutes(plural: string, find: (call: Call) => Tagged): Service['routes'] {
  const path = `/v2.0/${plural}/:id/tags`;
  return [
    route('GET', path, (call) => ({ status: 200, json: { tags: [...find(call).tags] } })),
    route('PUT', path, async (call) => {
      const { tags } = find(call);
      const body = await call.json();
      const wanted = (isObject(body) ? textsIn(body, 'tags') : undefined)?.map(checked);
      if (!wanted) throw badRequest("Invalid tags body: a list 'tags' is required", 'HTTPBadRequest');
      tags.clear();
      for (const tag of wanted) tags.add(tag);
      return { status: 200, json: { tags: [...tags] } };
    }),
    route('DELETE', path, (call) => {
      find(call).tags.clear();
      return { status: 204 };
    }),
    route('GET', `${path}/:tag`, (call) => {
      if (!find(call).tags.has(param(call, 'tag')))
        throw notFound(`Tag ${param(call, 'tag')} could not be found.`, 'TagNotFound');
      return { status: 204 };
    }),
    route('PUT', `${path}/:tag`, (call) => {
      find(call).tags.add(checked(param(call, 'tag')));
      return { status: 201 };
    }),
    route('DELETE', `${path}/:tag`, (call) => {
      if (!find(call).tags.delete(param(call, 'tag')))
        throw notFound(`Tag ${param(call, 'tag')} could not be found.`, 'TagNotFound');
      return { status: 204 };
    }),
  ];
}
