import swagger from '@fastify/swagger';
import { CSRF_HEADER, methodsOf } from '@guts/contract';
import { GutsError, type Limits } from '@guts/core';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { ApiParts } from './api-parts.ts';
import { admission } from './auth/admission.ts';
import { boundHeaders, HEADER_BYTES, refuseUnreadable } from './bounds/headers.ts';
import { boundTexts } from './bounds/texts.ts';
import { DOCUMENT_PAGE_POLICY, documentPage, type OpenApi } from './document-page.ts';
import { dashboardPageRoutes } from './dashboard/page-routes.ts';
import { dashboardSessionRoutes } from './dashboard/session-routes.ts';
import type { DashboardLogins } from './dashboard/logins.ts';
import { OneTimeLinks } from './dashboard/one-time-links.ts';
import { Sessions } from './dashboard/sessions.ts';
import { envelope, explain, headersOf } from './errors.ts';
import { Heartbeat } from './heartbeat.ts';
import { metricsRoute } from './metrics.ts';
import { keyedRequests } from './protocol/idempotency.ts';
import { pathOfAddress } from './protocol/address.ts';
import { projectInPath, withoutPrefix, withoutProject } from './protocol/path-project.ts';
import { negotiateVersions } from './protocol/version.ts';
import { versionDocuments } from './protocol/version-documents.ts';
import { sourceAndDestinationRoutes } from './routes/endpoints.ts';
import { eventStreamRoute } from './routes/event-stream.ts';
import { eventTicketRoute } from './routes/event-tickets.ts';
import { healthRoutes } from './routes/health.ts';
import { inventoryRoutes } from './routes/inventory.ts';
import { meRoute } from './routes/me.ts';
import { mappingRoutes } from './routes/mappings.ts';
import { preflightRoutes } from './routes/preflight.ts';
import { migrationRoutes } from './routes/migrations.ts';
import { operationRoutes } from './routes/operations.ts';
import { destinationFactRoutes } from './routes/destination-facts.ts';
import { resourceRoutes } from './routes/resources.ts';
import { systemRoutes } from './routes/system.ts';
import { throughputRoutes } from './routes/throughput.ts';

export interface ApiOptions extends ApiParts {
  /** Address to listen on. */
  readonly host: string;
  /** This host, as it is shown to people. */
  readonly hostName: string;
  /** 0: any free one. */
  readonly port: number;
  /** Where clients reach this API, when it is not where it listens (behind a proxy); null: as each request says. */
  readonly publicUrl: string | null;
  /** Requests of one caller per minute; 0: no limit. */
  readonly requestsPerMinute: number;
  /** `/metrics` is answered to this host itself without a token. */
  readonly metricsOpen: boolean;
  /** How clients get a token, as the header WWW-Authenticate has it; null: they have to know. */
  readonly challenge: string | null;
  /** How much may happen at once: to be told; the scheduler keeps to it. */
  readonly limits: Limits;
  /** What the build of the dashboard made. */
  readonly dashboardFolder: string;
  /** How people sign in to it. */
  readonly logins: DashboardLogins;
}
export interface Api {
  /** The address it listens on. @throws GutsError `configuration` when the port is taken */
  listen(): Promise<string>;
  close(): Promise<void>;
  /** For tests: a request without a network. */
  readonly inject: FastifyInstance['inject'];
  /** Where a new link leads that signs in to the dashboard once, below our address; null: people have a login. */
  dashboardLink(): string | null;
  /** The OpenAPI document. */
  document(): Promise<unknown>;
}

const BODY_LIMIT = 1024 * 1024;
/** For a request to arrive, and again for its answer; milliseconds. */
const REQUEST_MS = 60_000;
/** Answers are for who asked: neither kept by a browser, nor taken for something else, nor part of another's page. */
const ANSWER_HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
};
const SEE_DOCUMENT = 'The OpenAPI document (/v1/openapi.json) lists what there is.';

/** guts-api: takes and answers users' calls; never opens a connection to a source or a destination. */
export function createApi(options: ApiOptions): Api {
  const parts: ApiParts = options;
  const stopping = new AbortController();
  const prefix = pathOfAddress(options.publicUrl);
  const app = fastify({
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_MS,
    handlerTimeout: REQUEST_MS,
    forceCloseConnections: true,
    http: { maxHeaderSize: HEADER_BYTES, requireHostHeader: false },
    clientErrorHandler: (failure, socket) => refuseUnreadable(failure, socket, `req-${options.newId()}`),
    rewriteUrl: ({ url = '/' }) => withoutProject(withoutPrefix(url, prefix)),
    genReqId: () => `req-${options.newId()}`,
    routerOptions: { maxParamLength: 300 },
    // What the router refuses before any hook runs: a path that is no URL, or far too long.
    frameworkErrors: (failure, request, reply) => {
      const { error, status } = explain(failure, options.log);
      const answer = reply as unknown as FastifyReply;
      void answer.code(status).header('x-openstack-request-id', request.id);
      void answer.send(envelope(error, status, request.id));
    },
    ajv: {
      customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, allErrors: false },
    },
  });
  app.removeContentTypeParser('text/plain');
  app.setSerializerCompiler(() => JSON.stringify);
  app.decorate('publicUrl', options.publicUrl);
  app.decorate('keyed', keyedRequests(parts));
  // Node would answer with 417 and no words; a server may pass over what it does not know (RFC 9110, section 10.1.1).
  app.server.on('checkExpectation', (request, response) => app.routing(request, response));
  app.decorateRequest('projectInPath', null);
  app.addHook('onRequest', async (request, reply) => {
    request.projectInPath = projectInPath(withoutPrefix(request.originalUrl, prefix));
    void reply.header('x-openstack-request-id', request.id).headers(ANSWER_HEADERS);
  });
  negotiateVersions(app);
  boundHeaders(app);
  boundTexts(app);
  const secure = options.publicUrl?.startsWith('https:') === true;
  const sessions = new Sessions({ ...parts, secure, prefix });
  const links = new OneTimeLinks(parts);
  admission(app, parts, sessions, options);
  errorAnswers(app, parts, options.challenge);
  metricsRoute(app, parts);
  void app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'GUTS', version: options.version, description: 'Workload migration for OpenStack' },
      components: {
        securitySchemes: {
          token: { type: 'apiKey', in: 'header', name: 'X-Auth-Token' },
          session: {
            type: 'apiKey',
            in: 'cookie',
            name: sessions.cookieName,
            description: `of the dashboard; what is not GET needs the header ${CSRF_HEADER}, too`,
          },
        },
      },
      security: [{ token: [] }, { session: [] }],
    },
  });
  void app.register((inner, _options, done) => {
    sourceAndDestinationRoutes(inner, parts);
    operationRoutes(inner, parts);
    inventoryRoutes(inner, parts);
    mappingRoutes(inner, parts);
    preflightRoutes(inner, parts);
    migrationRoutes(inner, parts);
    throughputRoutes(inner, parts);
    systemRoutes(inner, parts);
    meRoute(inner);
    eventTicketRoute(inner, parts);
    dashboardSessionRoutes(inner, parts, sessions, { logins: options.logins, links });
    dashboardPageRoutes(inner, options.dashboardFolder, prefix);
    resourceRoutes(inner, parts, { ...options, bodyLimit: BODY_LIMIT });
    destinationFactRoutes(inner, parts);
    eventStreamRoute(inner, parts, stopping.signal);
    documentRoutes(inner);
    versionDocuments(inner, options.publicUrl);
    healthRoutes(inner, parts);
    done();
  });
  const heart = new Heartbeat(parts, options.hostName);
  return {
    listen: async () => {
      const address = await listen(app, options);
      try {
        await heart.start();
        return address;
      } catch (error) {
        await app.close();
        throw error;
      }
    },
    close: async () => {
      stopping.abort();
      await app.close();
      await heart.stop();
    },
    inject: app.inject.bind(app),
    dashboardLink: () => (options.logins.by === 'link' ? links.issue().path : null),
    document: async () => {
      await app.ready();
      return app.swagger();
    },
  };
}

function errorAnswers(app: FastifyInstance, { log }: ApiParts, challenge: string | null): void {
  app.setErrorHandler((failure, request, reply) => {
    const { error, status } = explain(failure, log.child({ request_id: request.id }));
    // RFC 9110, section 15.5.2: how to get what lets in.
    if (status === 401 && challenge !== null) void reply.header('www-authenticate', challenge);
    return reply
      .code(status)
      .headers(headersOf(error))
      .send(envelope(error, status, request.id));
  });
  app.setNotFoundHandler((request, reply) => {
    const [path = ''] = request.url.split('?');
    const methods = methodsOf(path);
    if (methods.length === 0) {
      const error = new GutsError('not_found', `there is no ${path}`, { remedy: SEE_DOCUMENT });
      return reply.code(404).send(envelope(error, 404, request.id));
    }
    const allow = methods.join(', ');
    const error = new GutsError('bad_request', `${path} does not take ${request.method}`, {
      remedy: `It takes ${allow}.`,
    });
    return reply
      .code(405)
      .header('allow', allow)
      .send(envelope(error, 405, request.id));
  });
}

/** The API told of itself, for machines and for people. */
function documentRoutes(app: FastifyInstance): void {
  const schema = { hide: true };
  app.get('/v1/openapi.json', { schema }, () => Promise.resolve(app.swagger()));
  let page: string | null = null;
  app.get('/v1/docs', { schema }, (_request, reply) => {
    page ??= documentPage(app.swagger() as OpenApi);
    void reply.header('content-security-policy', DOCUMENT_PAGE_POLICY);
    return reply.type('text/html; charset=utf-8').serializer(String).send(page);
  });
}

async function listen(app: FastifyInstance, { host, port }: ApiOptions): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      throw new GutsError('configuration', `port ${port} of ${host} is taken`, {
        cause: error,
        field: 'listen_port',
        remedy: 'Is another guts-api running? Choose another port with listen_port or GUTS_LISTEN_PORT.',
      });
    throw new GutsError(
      'configuration',
      `guts-api cannot listen on ${host}:${port}: ${(error as Error).message}`,
      {
        cause: error,
        field: 'listen_host',
      },
    );
  }
}
