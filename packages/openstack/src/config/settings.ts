import { CloudConfigError } from '../errors.ts';
import type { CloudAuth, CloudConfig, DomainRef, EndpointInterface, ProjectRef } from './cloud-config.ts';

type Tree = { readonly [key: string]: unknown };

/** Reads text values of a mapping, and says where it was when something is wrong. */
class Reader {
  readonly #where: string;
  readonly #tree: Tree;

  constructor(where: string, tree: Tree) {
    this.#where = where;
    this.#tree = tree;
  }

  text(key: string): string | undefined {
    const value = Object.hasOwn(this.#tree, key) ? this.#tree[key] : undefined;
    if (value === undefined || value === null || value === '') return undefined;
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      return String(value);
    throw this.fail(`${key} must be a text`);
  }

  need(key: string, why: string): string {
    const value = this.text(key);
    if (value === undefined) throw this.fail(`${key} is missing${why}`);
    return value;
  }

  fail(message: string): CloudConfigError {
    return new CloudConfigError(`${this.#where}: ${message}`);
  }
}

function domain(reader: Reader, prefix: string): DomainRef {
  const id = reader.text(`${prefix}_domain_id`) ?? reader.text('domain_id');
  if (id !== undefined) return { id };
  const name = reader.text(`${prefix}_domain_name`) ?? reader.text('domain_name');
  return name === undefined ? { id: reader.text('default_domain') ?? 'default' } : { name };
}

function user(reader: Reader): { id?: string; name?: string; domain: DomainRef } | undefined {
  const id = reader.text('user_id');
  if (id !== undefined) return { id, domain: domain(reader, 'user') };
  const name = reader.text('username') ?? reader.text('user_name');
  return name === undefined ? undefined : { name, domain: domain(reader, 'user') };
}

function credentials(reader: Reader, type: string | undefined): CloudAuth {
  const credentialId = reader.text('application_credential_id');
  const credentialName = reader.text('application_credential_name');
  if (type === 'v3applicationcredential' || credentialId !== undefined || credentialName !== undefined) {
    const secret = reader.need('application_credential_secret', '');
    if (credentialId !== undefined) return { type: 'application_credential', id: credentialId, secret };
    const owner = user(reader);
    if (credentialName === undefined || !owner)
      throw reader.fail('an application credential needs its id, or its name and the user');
    return { type: 'application_credential', name: credentialName, user: owner, secret };
  }
  const token = reader.text('token');
  if (token !== undefined) return { type: 'token', token };
  const owner = user(reader);
  if (!owner) throw reader.fail('username is missing (or user_id, application_credential_id, token)');
  return { type: 'password', user: owner, password: reader.need('password', '') };
}

function project(reader: Reader): ProjectRef | undefined {
  const id = reader.text('project_id') ?? reader.text('tenant_id');
  if (id !== undefined) return { id, domain: {} };
  const name = reader.text('project_name') ?? reader.text('tenant_name');
  return name === undefined ? undefined : { name, domain: domain(reader, 'project') };
}

const OVERRIDE = '_endpoint_override';

function endpointOverrides(reader: Reader, cloud: Tree): Record<string, string> {
  const found: Record<string, string> = {};
  for (const key of Object.keys(cloud)) {
    if (!key.endsWith(OVERRIDE)) continue;
    const url = reader.text(key);
    if (url === undefined) continue;
    if (!isHttp(url)) throw reader.fail(`${key} "${url}" is no http(s) URL`);
    found[key.slice(0, -OVERRIDE.length).replaceAll('_', '-')] = url;
  }
  return found;
}

const isHttp = (url: string): boolean => /^https?:\/\//.test(url) && URL.canParse(url);

const INTERFACES: readonly string[] = ['public', 'internal', 'admin'];

/**
 * A cloud's settings as openstacksdk names them (`auth: {...}`, `region_name`, `interface`, `verify`, `cacert`).
 * @param readText reads the CA file
 * @throws CloudConfigError
 */
export function fromSettings(where: string, cloud: Tree, readText: (path: string) => string): CloudConfig {
  const auth = cloud['auth'];
  if (typeof auth !== 'object' || auth === null) throw new CloudConfigError(`${where}: auth is missing`);
  const inner = new Reader(where, auth as Tree);
  const outer = new Reader(where, cloud);
  const type = outer.text('auth_type');
  if (type !== undefined && !/^(v3)?(password|applicationcredential|token)$/.test(type))
    throw outer.fail(`auth_type "${type}" is not supported`);
  const authUrl = inner.need('auth_url', '');
  if (!isHttp(authUrl)) throw inner.fail(`auth_url "${authUrl}" is no http(s) URL`);
  const chosen = (outer.text('interface') ?? outer.text('endpoint_type') ?? 'public').replace(/URL$/, '');
  if (!INTERFACES.includes(chosen))
    throw outer.fail(`interface "${chosen}" is none of ${INTERFACES.join(', ')}`);
  const scope = credentials(inner, type);
  const target = project(inner);
  if (scope.type === 'password' && !target) throw inner.fail('project_name (or project_id) is missing');
  const cacert = outer.text('cacert');
  const fingerprint = outer.text('fingerprint');
  // Words too: YAML 1.1, which openstacksdk reads, knows `no` as false.
  const insecure =
    /^(?:0|false|no|off)$/i.test(outer.text('verify') ?? '') ||
    /^(?:1|true|yes|on)$/i.test(outer.text('insecure') ?? '');
  return {
    authUrl,
    auth: scope,
    ...(target && scope.type !== 'application_credential' ? { project: target } : {}),
    region: outer.text('region_name') ?? null,
    interface: chosen as EndpointInterface,
    tls: {
      ...(cacert === undefined ? {} : { ca: readText(cacert) }),
      ...(fingerprint === undefined ? {} : { fingerprint }),
      ...(insecure ? { insecure } : {}),
    },
    endpointOverrides: endpointOverrides(outer, cloud),
  };
}
