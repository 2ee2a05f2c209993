/** Keystone v3, as far as clients of a migration go. */
import { randomBytes } from 'node:crypto';
import { ApiError, badRequest, conflict, forbidden, notFound } from '../http/api-error.ts';
import { keystoneEnvelope } from '../http/envelopes.ts';
import { flagIn, objectIn, objectsIn, requiredText, textIn } from '../http/json.ts';
import { param, route, type Call, type Reply, type Service } from '../http/service.ts';
import type { World } from '../world.ts';
import { authenticate } from './authenticate.ts';
import { catalog } from './catalog.ts';
import { hexId, isAdmin, type ApplicationCredential, type Token } from './state.ts';
import { credentialView, projectView, tokenView, userView } from './views.ts';

export function identityService(world: World): Service {
  const { identity } = world;
  return {
    name: 'identity',
    prefix: '/identity',
    requestIdHeaders: ['x-openstack-request-id'],
    envelope: keystoneEnvelope,
    routes: [
      route('GET', '/', (call) => ({ status: 300, json: { versions: { values: [version(call)] } } }), {
        open: true,
      }),
      route('GET', '/v3', (call) => ({ status: 200, json: { version: version(call) } }), { open: true }),
      route('POST', '/v3/auth/tokens', (call) => issue(world, call), { open: true }),
      route('GET', '/v3/auth/tokens', (call) => validate(world, call)),
      route('DELETE', '/v3/auth/tokens', (call) => {
        identity.tokens.delete(subject(world, call).id);
        return { status: 204 };
      }),
      route('GET', '/v3/auth/catalog', (call) => ({
        status: 200,
        json: { catalog: catalog(call.origin, world.region, call.token.project?.id), links: links(call) },
      })),
      route('GET', '/v3/auth/projects', (call) => {
        const projects = identity.projectsOf(call.token.user).map((one) => projectView(call, one));
        return { status: 200, json: { projects, links: links(call) } };
      }),
      ...listing(world),
      ...credentials(world),
    ],
  };
}

function version(call: Call): unknown {
  return {
    id: 'v3.14',
    status: 'stable',
    updated: '2020-04-07T00:00:00Z',
    links: [{ rel: 'self', href: `${call.origin}/identity/v3/` }],
    'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.identity-v3+json' }],
  };
}

const links = (call: Call): unknown => ({
  next: null,
  self: `${call.origin}/identity${call.path}`,
  previous: null,
});

async function issue(world: World, call: Call): Promise<Reply> {
  const token = authenticate(world.identity, await call.json());
  return {
    status: 201,
    headers: { 'X-Subject-Token': token.id, Vary: 'X-Auth-Token' },
    json: tokenView(world, call, token),
  };
}

function subject(world: World, call: Call): Token {
  const id = call.request.headers['x-subject-token'];
  const token = typeof id === 'string' ? world.identity.live(id) : undefined;
  if (!token) throw notFound('Could not recognize Fernet token');
  if (token.user.id !== call.token.user.id && !isAdmin(call.token))
    throw forbidden('You are not authorized to perform the requested action: identity:validate_token.');
  return token;
}

function validate(world: World, call: Call): Reply {
  const token = subject(world, call);
  return {
    status: 200,
    headers: { 'X-Subject-Token': token.id, Vary: 'X-Auth-Token' },
    json: tokenView(world, call, token),
  };
}

function adminOnly(call: Call, rule: string): void {
  if (!isAdmin(call.token))
    throw forbidden(`You are not authorized to perform the requested action: identity:${rule}.`);
}

function listing(world: World): Service['routes'] {
  const { identity } = world;
  const named = <T extends { readonly name: string }>(call: Call, all: Iterable<T>): T[] => {
    const name = call.query.get('name');
    return [...all].filter((one) => name === null || one.name === name);
  };
  return [
    route('GET', '/v3/projects', (call) => {
      adminOnly(call, 'list_projects');
      const projects = named(call, identity.projects.values()).map((one) => projectView(call, one));
      return { status: 200, json: { projects, links: links(call) } };
    }),
    route('GET', '/v3/projects/:id', (call) => {
      const project = identity.projects.get(param(call, 'id'));
      const own = project && identity.rolesOf(call.token.user, project).length > 0;
      if (!own) adminOnly(call, 'get_project');
      if (!project) throw notFound(`Could not find project: ${param(call, 'id')}.`);
      return { status: 200, json: { project: projectView(call, project) } };
    }),
    route('GET', '/v3/users', (call) => {
      adminOnly(call, 'list_users');
      const users = named(call, identity.users.values()).map((one) => userView(call, one));
      return { status: 200, json: { users, links: links(call) } };
    }),
    route('GET', '/v3/users/:id', (call) => {
      const user = identity.users.get(param(call, 'id'));
      if (user?.id !== call.token.user.id) adminOnly(call, 'get_user');
      if (!user) throw notFound(`Could not find user: ${param(call, 'id')}.`);
      return { status: 200, json: { user: userView(call, user) } };
    }),
    route('GET', '/v3/users/:id/projects', (call) => {
      const user = identity.users.get(param(call, 'id'));
      if (user?.id !== call.token.user.id) adminOnly(call, 'list_user_projects');
      const projects = user ? identity.projectsOf(user).map((one) => projectView(call, one)) : [];
      return { status: 200, json: { projects, links: links(call) } };
    }),
    route('GET', '/v3/domains', (call) => {
      adminOnly(call, 'list_domains');
      const domains = named(call, identity.domains).map((one) => ({
        ...one,
        enabled: true,
        description: '',
      }));
      return { status: 200, json: { domains, links: links(call) } };
    }),
    route('GET', '/v3/domains/:id', (call) => {
      const domain = identity.domains.find((one) => one.id === param(call, 'id'));
      if (!domain) throw notFound(`Could not find domain: ${param(call, 'id')}.`);
      return { status: 200, json: { domain: { ...domain, enabled: true, description: '' } } };
    }),
    route('GET', '/v3/roles', (call) => {
      adminOnly(call, 'list_roles');
      const roles = named(call, identity.roles.values()).map((one) => ({ ...one, domain_id: null }));
      return { status: 200, json: { roles, links: links(call) } };
    }),
    route('GET', '/v3/regions', (call) => {
      const region = { id: world.region, description: '', parent_region_id: null };
      return { status: 200, json: { regions: [region], links: links(call) } };
    }),
  ];
}

function credentials(world: World): Service['routes'] {
  const store = world.identity.applicationCredentials;
  const path = '/v3/users/:user/application_credentials';
  const own = (call: Call): string => {
    const user = param(call, 'user');
    if (user !== call.token.user.id) adminOnly(call, 'application_credential');
    return user;
  };
  const find = (call: Call): ApplicationCredential => {
    const credential = store.get(param(call, 'id'));
    if (!credential || credential.userId !== own(call))
      throw notFound(`Could not find application credential: ${param(call, 'id')}.`);
    return credential;
  };
  const refuseDelegated = (call: Call): void => {
    // A credential that is not unrestricted may not make or delete others.
    if (call.token.applicationCredential && !call.token.applicationCredential.unrestricted)
      throw forbidden(
        "Using method 'application_credential' is not allowed for managing additional application credentials.",
      );
  };
  return [
    route('GET', path, (call) => {
      const user = own(call);
      const name = call.query.get('name');
      const found = [...store.values()].filter(
        (one) => one.userId === user && (name === null || one.name === name),
      );
      const views = found.map((one) => credentialView(call, one));
      return { status: 200, json: { application_credentials: views, links: links(call) } };
    }),
    route('POST', path, async (call) => {
      own(call);
      refuseDelegated(call);
      const credential = makeCredential(world, call.token, await call.json());
      store.set(credential.id, credential);
      const view = { ...credentialView(call, credential), secret: credential.secret };
      return { status: 201, json: { application_credential: view } };
    }),
    route('GET', `${path}/:id`, (call) => ({
      status: 200,
      json: { application_credential: credentialView(call, find(call)) },
    })),
    route('DELETE', `${path}/:id`, (call) => {
      refuseDelegated(call);
      const { id } = find(call);
      store.delete(id);
      for (const token of world.identity.tokens.values())
        if (token.applicationCredential?.id === id) world.identity.tokens.delete(token.id);
      return { status: 204 };
    }),
  ];
}

function makeCredential(world: World, token: Token, body: unknown): ApplicationCredential {
  const wanted = objectIn(body, 'application_credential');
  const { project } = token;
  if (!project) throw badRequest('An application credential needs a token scoped to a project.');
  const name = requiredText(wanted, 'name');
  const twins = [...world.identity.applicationCredentials.values()];
  if (twins.some((one) => one.userId === token.user.id && one.name === name))
    throw conflict(
      `Conflict occurred attempting to store application_credential - Duplicate entry found with name ${name}.`,
    );
  const names = objectsIn(wanted, 'roles')?.map(
    (role) => textIn(role, 'name') ?? world.identity.roles.get(textIn(role, 'id') ?? '')?.name,
  );
  const roles = names ? token.roles.filter((role) => names.includes(role.name)) : token.roles;
  if (names && roles.length < names.length)
    throw new ApiError(
      400,
      'Invalid application credential: Could not find role assignment for the asked roles.',
    );
  const expires = textIn(wanted, 'expires_at');
  const expiresAt =
    expires === undefined
      ? undefined
      : Date.parse(/Z$|[+-]\d\d:?\d\d$/.test(expires) ? expires : `${expires}Z`);
  if (Number.isNaN(expiresAt))
    throw badRequest(`Invalid input for field 'expires_at': ${expires} is no time.`);
  return {
    id: hexId(),
    name,
    secret: textIn(wanted, 'secret') ?? randomBytes(64).toString('base64url'),
    description: textIn(wanted, 'description') ?? null,
    userId: token.user.id,
    projectId: project.id,
    roles,
    expiresAt,
    unrestricted: flagIn(wanted, 'unrestricted') ?? false,
  };
}
