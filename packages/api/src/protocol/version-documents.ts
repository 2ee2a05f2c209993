import { MAX_VERSION, MIN_VERSION } from '@guts/contract';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { originOf } from './address.ts';

/**
 * `/` and `/v1`, for clients that look what a service offers before they use it (api-sig, "Version discovery"): with
 * and without a slash at the end, and open.
 */
export function versionDocuments(app: FastifyInstance, publicUrl: string | null): void {
  const version = (request: FastifyRequest) => {
    const origin = originOf(request, publicUrl);
    const project = request.projectInPath;
    return {
      id: 'v1.0',
      status: 'CURRENT',
      min_version: MIN_VERSION,
      version: MAX_VERSION,
      links: [
        { rel: 'self', href: `${origin}/v1/${project === null ? '' : `${project}/`}` },
        { rel: 'describedby', type: 'application/json', href: `${origin}/v1/openapi.json` },
      ],
    };
  };
  const schema = { hide: true };
  app.get('/', { schema }, (request, reply) => reply.code(300).send({ versions: [version(request)] }));
  for (const path of ['/v1', '/v1/'])
    app.get(path, { schema }, (request) => Promise.resolve({ version: version(request) }));
}
