import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { UsageError } from './context.ts';
import type { CloudChoice } from './login.ts';

/** Options that stand over the variable `OS_…` of the same name. */
const OPTIONS = [
  ['cloud', '<name>', 'cloud of clouds.yaml to log in to'],
  ['auth-url', '<url>', "Keystone's address"],
  ['auth-type', '<type>', 'password, v3applicationcredential or token'],
  ['username', '<name>', 'user'],
  ['user-domain-name', '<name>', "the user's domain"],
  ['project-name', '<name>', 'project'],
  ['project-id', '<id>', 'project, by id'],
  ['project-domain-name', '<name>', "the project's domain"],
  ['application-credential-id', '<id>', 'application credential'],
  ['region-name', '<name>', 'region'],
  ['interface', '<name>', 'public, internal or admin'],
  ['cacert', '<file>', "PEM file of the authorities that Keystone's certificate is checked against"],
] as const;

/** Secrets come from files: arguments can be read by every user of the host. */
const FILES = [
  ['password', "file with the user's password"],
  ['application-credential-secret', "file with the application credential's secret"],
  ['token', 'file with a token'],
] as const;

/** These may be given beside a cloud of clouds.yaml. */
const BESIDE_CLOUD: readonly string[] = ['OS_CLOUD', 'OS_REGION_NAME', 'OS_INTERFACE'];

const variable = (name: string): string => `OS_${name.toUpperCase().replaceAll('-', '_')}`;
const property = (name: string): string =>
  `os-${name}`.replaceAll(/-(\w)/g, (_all, letter: string) => letter.toUpperCase());

/** Adds `--os-…`, as OpenStack's clients have them. */
export function addCloudOptions(program: Command): void {
  for (const [name, value, help] of OPTIONS)
    program.option(`--os-${name} ${value}`, `${help}; ${variable(name)}`);
  for (const [name, help] of FILES)
    program.option(`--os-${name}-file <file>`, `${help}; ${variable(name)} holds it itself`);
}

function secretOf(option: string, path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new UsageError(`${option} cannot be read: ${(error as Error).message}`);
  }
}

/**
 * The cloud that options or the environment name; null: none, the local token is used.
 * An own token of guts-api in the environment wins over OS_* variables, not over options.
 * @throws UsageError
 */
export function chosenCloud(program: Command, env: NodeJS.ProcessEnv): CloudChoice | null {
  const given = program.opts<Record<string, string | undefined>>();
  const over: Record<string, string> = {};
  for (const [name] of OPTIONS) {
    const value = given[property(name)];
    if (value !== undefined) over[variable(name)] = value;
  }
  for (const [name] of FILES) {
    const path = given[property(`${name}-file`)];
    if (path !== undefined) over[variable(name)] = secretOf(`--os-${name}-file`, path);
  }
  const asked = Object.keys(over);
  if (asked.length === 0) {
    if (env['GUTS_TOKEN'] || env['GUTS_TOKEN_FILE']) return null;
    if (!env['OS_CLOUD'] && !env['OS_AUTH_URL']) return null;
  }
  // An address that was asked for is not overruled by a cloud that happens to be in the environment.
  const cloud = over['OS_CLOUD'] ?? (over['OS_AUTH_URL'] === undefined ? env['OS_CLOUD'] : undefined);
  const named = cloud !== undefined && cloud !== '';
  const lost = named ? asked.find((name) => !BESIDE_CLOUD.includes(name)) : undefined;
  if (lost !== undefined)
    throw new UsageError(
      `cloud "${cloud}" of clouds.yaml is to be used, which says ${lost} itself; give --os-auth-url to use none, or leave out the option for ${lost}`,
    );
  const { OS_CLOUD: _other, ...rest } = env;
  return { cloud: named ? cloud : null, env: { ...rest, ...over } };
}
