/** The schema documents that clients read to know an image's own attributes from its properties. */
import { param, route, type Route } from '../http/service.ts';
import { notFound } from '../http/api-error.ts';

const TEXTS = [
  'id',
  'name',
  'status',
  'visibility',
  'checksum',
  'os_hash_algo',
  'os_hash_value',
  'owner',
  'created_at',
  'updated_at',
  'container_format',
  'disk_format',
  'self',
  'file',
  'schema',
  'direct_url',
];
const NUMBERS = ['size', 'virtual_size', 'min_ram', 'min_disk'];
const FLAGS = ['protected', 'os_hidden'];

function imageSchema(): Record<string, unknown> {
  const properties: Record<string, unknown> = {
    tags: { type: 'array', items: { type: 'string', maxLength: 255 } },
    locations: { type: 'array', items: { type: 'object' } },
  };
  for (const name of TEXTS) properties[name] = { type: ['null', 'string'] };
  for (const name of NUMBERS) properties[name] = { type: ['null', 'integer'] };
  for (const name of FLAGS) properties[name] = { type: 'boolean' };
  return {
    name: 'image',
    properties,
    additionalProperties: { type: 'string' },
    links: [{ rel: 'self', href: '{self}' }],
  };
}

export function schemas(): Route[] {
  return [
    route('GET', '/v2/schemas/:name', (call) => {
      const name = param(call, 'name');
      if (name === 'image') return { status: 200, json: imageSchema() };
      if (name !== 'images') throw notFound(`No schema ${name}.`);
      const properties = {
        images: { type: 'array', items: imageSchema() },
        first: { type: 'string' },
        next: { type: 'string' },
      };
      return { status: 200, json: { name: 'images', properties } };
    }),
  ];
}
