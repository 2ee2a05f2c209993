/** A server's metadata and tags (tags since 2.26). */
import { badRequest, notFound } from '../http/api-error.ts';
import { isObject, textMapIn, textsIn } from '../http/json.ts';
import { param, route, type Call, type Service } from '../http/service.ts';
import { refuseLocked } from './actions.ts';
import type { Server } from './state.ts';

const MAX_TAGS = 50;

/** Throws 400 for what Nova takes for no tags. */
export function checkTags(tags: readonly string[]): readonly string[] {
  if (tags.some((tag) => tag === '' || tag.length > 60 || /[,/]/.test(tag)))
    throw badRequest('Tags are 1 to 60 characters long, without commas and slashes.');
  if (tags.length > MAX_TAGS)
    throw badRequest(`The number of tags exceeded the per-server limit ${MAX_TAGS}`);
  return tags;
}

export function labelRoutes(find: (call: Call) => Server): Service['routes'] {
  return [...metadataRoutes(find), ...tagRoutes(find)];
}

async function givenMetadata(call: Call): Promise<Record<string, string>> {
  const body = await call.json();
  const metadata = isObject(body) ? textMapIn(body, 'metadata') : undefined;
  if (!metadata) throw badRequest("'metadata' is a required property");
  return metadata;
}

function metadataRoutes(find: (call: Call) => Server): Service['routes'] {
  const path = '/v2.1/servers/:id/metadata';
  return [
    route('GET', path, (call) => ({ status: 200, json: { metadata: find(call).metadata } })),
    route('POST', path, async (call) => {
      const server = find(call);
      refuseLocked(server, call);
      server.metadata = { ...server.metadata, ...(await givenMetadata(call)) };
      return { status: 200, json: { metadata: server.metadata } };
    }),
    route('PUT', path, async (call) => {
      const server = find(call);
      refuseLocked(server, call);
      server.metadata = await givenMetadata(call);
      return { status: 200, json: { metadata: server.metadata } };
    }),
    route('DELETE', `${path}/:key`, (call) => {
      const server = find(call);
      refuseLocked(server, call);
      const { [param(call, 'key')]: gone, ...rest } = server.metadata;
      if (gone === undefined) throw notFound('Metadata item was not found');
      server.metadata = rest;
      return { status: 204 };
    }),
  ];
}

function tagRoutes(find: (call: Call) => Server): Service['routes'] {
  const path = '/v2.1/servers/:id/tags';
  const since = 26;
  const absent = (call: Call): Error =>
    notFound(`Server ${param(call, 'id')} has no tag '${param(call, 'tag')}'`);
  return [
    route('GET', path, (call) => ({ status: 200, json: { tags: [...find(call).tags] } }), { since }),
    route(
      'PUT',
      path,
      async (call) => {
        const { tags } = find(call);
        const body = await call.json();
        const wanted = checkTags((isObject(body) ? textsIn(body, 'tags') : undefined) ?? []);
        tags.clear();
        for (const tag of wanted) tags.add(tag);
        return { status: 200, json: { tags: [...tags] } };
      },
      { since },
    ),
    route(
      'PUT',
      `${path}/:tag`,
      (call) => {
        const { tags } = find(call);
        const tag = param(call, 'tag');
        if (tags.has(tag)) return { status: 204 };
        checkTags([...tags, tag]);
        tags.add(tag);
        return { status: 201 };
      },
      { since },
    ),
    route(
      'GET',
      `${path}/:tag`,
      (call) => {
        if (!find(call).tags.has(param(call, 'tag'))) throw absent(call);
        return { status: 204 };
      },
      { since },
    ),
    route(
      'DELETE',
      `${path}/:tag`,
      (call) => {
        if (!find(call).tags.delete(param(call, 'tag'))) throw absent(call);
        return { status: 204 };
      },
      { since },
    ),
  ];
}
