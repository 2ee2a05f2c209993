/** `POST /v3/auth/tokens`: password, token and application credential (Identity API v3, "Authentication"). */
import { ApiError, badRequest, forbidden } from '../http/api-error.ts';
import { isObject, objectIn, textIn, textsIn, type JsonObject } from '../http/json.ts';
import type { ApplicationCredential, IdentityState, Project, Role, Token, User } from './state.ts';

const failed = (): ApiError =>
  new ApiError(401, 'The request you have made requires authentication.', 'AuthenticationFailed');

const credentialRefused = (detail: string): ApiError =>
  new ApiError(401, `Error authenticating with application credential: ${detail}`, 'AuthenticationFailed');

/** Checks the identity, settles the scope and issues a token. */
export function authenticate(state: IdentityState, body: unknown): Token {
  const auth = objectIn(body, 'auth');
  const identity = objectIn(auth, 'identity');
  const methods = textsIn(identity, 'methods') ?? [];
  const [method] = methods;
  if (methods.length !== 1) throw badRequest('The fake wants exactly one authentication method.');
  if (method === 'password') return byPassword(state, auth, objectIn(identity, 'password'));
  if (method === 'token') return byToken(state, auth, objectIn(identity, 'token'));
  if (method === 'application_credential')
    return byCredential(state, auth, objectIn(identity, 'application_credential'));
  throw new ApiError(401, `Attempted to authenticate with an unsupported method.`, 'AuthMethodNotSupported');
}

function byPassword(state: IdentityState, auth: JsonObject, password: JsonObject): Token {
  const wanted = objectIn(password, 'user');
  const user = findUser(state, wanted);
  if (!user || !user.enabled || textIn(wanted, 'password') !== user.password) throw failed();
  const scope = scopeOf(state, auth, user);
  return state.issue({ user, ...scope, methods: ['password'], applicationCredential: undefined });
}

function byToken(state: IdentityState, auth: JsonObject, given: JsonObject): Token {
  const parent = state.live(textIn(given, 'id') ?? '');
  if (!parent) throw failed();
  if (parent.applicationCredential)
    throw forbidden(
      'You are not authorized to perform the requested action: Using a delegated token to create another token is not allowed..',
    );
  const scope = scopeOf(state, auth, parent.user);
  const methods = [...new Set([...parent.methods, 'token'])];
  return state.issue({ user: parent.user, ...scope, methods, applicationCredential: undefined, parent });
}

function byCredential(state: IdentityState, auth: JsonObject, given: JsonObject): Token {
  if ('scope' in auth) throw credentialRefused('Application credentials cannot request a scope.');
  const credential = findCredential(state, given);
  const user = credential && state.users.get(credential.userId);
  const project = credential && state.projects.get(credential.projectId);
  if (!credential || !user?.enabled || !project || textIn(given, 'secret') !== credential.secret)
    throw failed();
  if (credential.expiresAt !== undefined && Date.now() >= credential.expiresAt) throw failed();
  return state.issue({
    user,
    project,
    roles: credential.roles,
    methods: ['application_credential'],
    applicationCredential: credential,
  });
}

function findUser(state: IdentityState, wanted: JsonObject): User | undefined {
  const id = textIn(wanted, 'id');
  if (id !== undefined) return state.users.get(id);
  const name = textIn(wanted, 'name');
  if (name === undefined || !isObject(wanted['domain']))
    throw badRequest('Expecting to find domain in user. The server could not comply with the request.');
  if (!isDefaultDomain(wanted['domain'])) return undefined;
  return state.user(name);
}

function findCredential(state: IdentityState, given: JsonObject): ApplicationCredential | undefined {
  const id = textIn(given, 'id');
  if (id !== undefined) return state.applicationCredentials.get(id);
  const name = textIn(given, 'name');
  const user = isObject(given['user']) ? findUser(state, given['user']) : undefined;
  return [...state.applicationCredentials.values()].find(
    (credential) => credential.name === name && credential.userId === user?.id,
  );
}

function isDefaultDomain(domain: JsonObject): boolean {
  return domain['id'] === 'default' || domain['name'] === 'Default';
}

function scopeOf(
  state: IdentityState,
  auth: JsonObject,
  user: User,
): { project: Project | undefined; roles: readonly Role[] } {
  const scope = auth['scope'];
  if (scope === 'unscoped' || (isObject(scope) && 'unscoped' in scope))
    return { project: undefined, roles: [] };
  if (scope === undefined) {
    const project =
      user.defaultProjectId === undefined ? undefined : state.projects.get(user.defaultProjectId);
    const roles = project ? state.rolesOf(user, project) : [];
    return roles.length > 0 ? { project, roles } : { project: undefined, roles: [] };
  }
  if (!isObject(scope) || !isObject(scope['project']))
    throw forbidden(
      'You are not authorized to perform the requested action: the fake scopes to projects only.',
    );
  const project = findProject(state, scope['project']);
  const roles = project?.enabled === true ? state.rolesOf(user, project) : [];
  if (!project || roles.length === 0) throw failed();
  return { project, roles };
}

function findProject(state: IdentityState, wanted: JsonObject): Project | undefined {
  const id = textIn(wanted, 'id');
  if (id !== undefined) return state.projects.get(id);
  const name = textIn(wanted, 'name');
  const { domain } = wanted;
  if (name === undefined || !isObject(domain))
    throw badRequest('Expecting to find domain in project. The server could not comply with the request.');
  if (!isDefaultDomain(domain)) return undefined;
  return [...state.projects.values()].find((project) => project.name === name);
}
