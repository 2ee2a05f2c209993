import {
  API_VERSIONS,
  type ApiVersion,
  MAX_VERSION,
  MIN_VERSION,
  SERVICE_TYPE,
  VERSION_HEADER,
} from '@guts/contract';
import { GutsError } from '@guts/core';
import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose shapes the answer has. */
    apiVersion: ApiVersion;
  }
}

/**
 * The version that a request asks for; without one for our service, the lowest.
 * @param header such as `migration 1.1`; may name other services too, with commas between them
 * @throws GutsError `bad_request` for what is no version, `version_unsupported` with the range
 */
export function versionFor(header: string | undefined): ApiVersion {
  const named = (header ?? '')
    .split(',')
    .map((one) => one.trim().split(/\s+/))
    .filter(([service]) => service?.toLowerCase() === SERVICE_TYPE);
  const [asked] = named;
  if (!asked) return MIN_VERSION;
  const [, text = ''] = asked;
  const field = `headers.${VERSION_HEADER.toLowerCase()}`;
  const example = `Send ${VERSION_HEADER}: ${SERVICE_TYPE} ${MAX_VERSION}.`;
  if (named.length > 1 || asked.length !== 2)
    throw new GutsError('bad_request', `${VERSION_HEADER} names no one version of ${SERVICE_TYPE}`, {
      field,
      remedy: example,
    });
  if (text.toLowerCase() === 'latest') return MAX_VERSION;
  if (!/^\d{1,5}\.\d{1,5}$/.test(text))
    throw new GutsError('bad_request', `"${text.slice(0, 40)}" is no version`, { field, remedy: example });
  const known = API_VERSIONS.find(({ version }) => version === text);
  if (known) return known.version;
  throw new GutsError('version_unsupported', `version ${text} of this API is not served`, {
    field,
    remedy: `Use one from ${MIN_VERSION} to ${MAX_VERSION}, or latest.`,
    details: { min_version: MIN_VERSION, max_version: MAX_VERSION },
  });
}

/** Every answer says which version it is in; caches keep them apart. */
export function negotiateVersions(app: FastifyInstance): void {
  app.decorateRequest('apiVersion', MIN_VERSION);
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('vary', VERSION_HEADER).header(VERSION_HEADER, `${SERVICE_TYPE} ${MIN_VERSION}`);
    request.apiVersion = versionFor(
      [request.headers[VERSION_HEADER.toLowerCase()]].flat().join(',') || undefined,
    );
    void reply.header(VERSION_HEADER, `${SERVICE_TYPE} ${request.apiVersion}`);
  });
}
