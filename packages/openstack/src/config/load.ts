import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse, YAMLError } from 'yaml';
import { CloudConfigError } from '../errors.ts';
import type { CloudConfig } from './cloud-config.ts';
import { fromSettings } from './settings.ts';

type Tree = { readonly [key: string]: unknown };

export interface LoadOptions {
  /** A name in clouds.yaml; without it OS_CLOUD, and without that the OS_* variables. */
  readonly cloud?: string;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly home?: string;
  /** For tests. Undefined: there is no such file. */
  readonly readFile?: (path: string) => string | undefined;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw new CloudConfigError(`${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The second wins; below keys, too. */
export function mergeTrees(first: Tree, second: Tree): Tree {
  const result: Record<string, unknown> = { ...first };
  for (const [key, value] of Object.entries(second)) {
    const before = Object.hasOwn(result, key) ? result[key] : undefined;
    // Not by assignment: a key called __proto__ is a key like any other.
    Object.defineProperty(result, key, {
      value: isTree(before) && isTree(value) ? mergeTrees(before, value) : value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return result;
}

function lineOf(error: unknown): string {
  const line = error instanceof YAMLError ? error.linePos?.[0].line : undefined;
  return line === undefined ? '' : `: see line ${line}`;
}

function readTree(path: string, read: (path: string) => string | undefined): Tree | null {
  const text = read(path);
  if (text === undefined) return null;
  let tree: unknown;
  try {
    // Warnings go to the console with the line that they are about.
    tree = parse(text, { merge: true, logLevel: 'error' });
  } catch (error) {
    // The parser's message, and so the error as a cause, shows the line, which may hold a password.
    throw new CloudConfigError(`${path} is no valid YAML${lineOf(error)}`);
  }
  if (tree === null) return {};
  if (!isTree(tree)) throw new CloudConfigError(`${path} must hold a mapping`);
  return tree;
}

function folders(options: LoadOptions): string[] {
  const home = options.home ?? homedir();
  return [options.cwd ?? process.cwd(), join(home, '.config/openstack'), '/etc/openstack'];
}

function firstTree(
  paths: readonly string[],
  read: (path: string) => string | undefined,
): { path: string; tree: Tree } | null {
  for (const path of paths) {
    const tree = readTree(path, read);
    if (tree) return { path, tree };
  }
  return null;
}

/** In openstacksdk's order: the file that OS_CLIENT_CONFIG_FILE names, else the first that is there. */
function findFile(
  options: LoadOptions,
  read: (path: string) => string | undefined,
): { path: string; tree: Tree } {
  const named = options.env['OS_CLIENT_CONFIG_FILE'];
  const paths = named
    ? [named]
    : folders(options).flatMap((folder) => [join(folder, 'clouds.yaml'), join(folder, 'clouds.yml')]);
  const found = firstTree(paths, read);
  if (!found) throw new CloudConfigError(`there is no clouds.yaml; looked for ${paths.join(', ')}`);
  return found;
}

/** The secrets may lie apart: where OS_CLIENT_SECURE_FILE says, beside clouds.yaml, or where that is searched. */
function withSecure(
  options: LoadOptions,
  path: string,
  tree: Tree,
  read: (path: string) => string | undefined,
): Tree {
  const named = options.env['OS_CLIENT_SECURE_FILE'];
  const paths = named
    ? [named]
    : [dirname(path), ...folders(options)].flatMap((folder) => [
        join(folder, 'secure.yaml'),
        join(folder, 'secure.yml'),
      ]);
  const secure = firstTree(paths, read);
  return secure ? mergeTrees(tree, secure.tree) : tree;
}

const OUTER: readonly string[] = [
  'region_name',
  'interface',
  'endpoint_type',
  'cacert',
  'insecure',
  'auth_type',
];

/** The flat settings of openstacksdk from OS_* variables. */
function fromEnvironment(env: NodeJS.ProcessEnv): Tree {
  const auth: Record<string, string> = {};
  const rest: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith('OS_') || value === undefined || value === '') continue;
    const key = name.slice(3).toLowerCase();
    if (OUTER.includes(key) || key.endsWith('_endpoint_override')) rest[key] = value;
    else auth[key === 'tenant_name' ? 'project_name' : key] = value;
  }
  if (!auth['auth_url'])
    throw new CloudConfigError(
      'no cloud was named: give --cloud, set OS_CLOUD, or set OS_AUTH_URL and its kin',
    );
  return { auth, ...rest };
}

/** @throws CloudConfigError that names what is missing and where it was looked for */
export function loadCloud(options: LoadOptions): CloudConfig {
  const read = options.readFile ?? readIfThere;
  const name = options.cloud ?? options.env['OS_CLOUD'];
  const readText = (path: string): string => {
    const text = read(path);
    if (text === undefined) throw new CloudConfigError(`the CA file ${path} does not exist`);
    return text;
  };
  if (name === undefined || name === '')
    return fromSettings('the environment', fromEnvironment(options.env), readText);
  const { path, tree } = findFile(options, read);
  const { clouds } = withSecure(options, path, tree, read);
  if (!isTree(clouds)) throw new CloudConfigError(`${path} has no "clouds"`);
  const cloud = Object.hasOwn(clouds, name) ? clouds[name] : undefined;
  if (!isTree(cloud))
    throw new CloudConfigError(
      `${path} has no cloud "${name}"; it has: ${Object.keys(clouds).join(', ') || 'none'}`,
    );
  if ('profile' in cloud)
    throw new CloudConfigError(
      `${path}: cloud "${name}" uses a profile, which is not supported; write its values out`,
    );
  return fromSettings(`cloud "${name}" of ${path}`, cloud, readText);
}
