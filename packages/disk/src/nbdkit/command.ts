import { NbdkitError } from './errors.ts';

/** What nbdkit is started with (nbdkit(1)). */
export interface NbdkitCommand {
  /** Its name, to be looked for on the PATH, or a path. */
  readonly program: string;
  /** Name of a plugin, or path of one. */
  readonly plugin: string;
  /** For the plugin, in this order. Everybody on the host may read them: no secret is among them. */
  readonly parameters: readonly (readonly [name: string, value: string])[];
  /**
   * By parameter, what is given by a file (`password=+FILE`: nbdkit-vddk-plugin(1), and others that have
   * passwords), which is gone once nbdkit listens. One line.
   */
  readonly secrets: Readonly<Record<string, string>>;
}

/** What of our environment nbdkit gets: none of it holds a secret, as some of ours does. */
const INHERITED = ['PATH', 'HOME', 'USER', 'LOGNAME', 'TMPDIR', 'TZ'];

/** The environment of an nbdkit. */
export function environmentOf(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = INHERITED.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
  return { ...Object.fromEntries(kept), LC_ALL: 'C.UTF-8' };
}

/** Throws `NbdkitError` (`nbdkit_usage`) for what cannot be given to a program, or not whole. */
export function checkCommand({ plugin, parameters, secrets }: NbdkitCommand): void {
  const refuse = (why: string): NbdkitError => new NbdkitError('nbdkit_usage', `nbdkit ${plugin}: ${why}`);
  for (const [name, value] of [...parameters, ...Object.entries(secrets)]) {
    if (!/^[A-Za-z][\w.-]*$/.test(name)) throw refuse(`"${name}" is no name of a parameter`);
    if (value.includes('\0')) throw refuse(`its parameter ${name} has a NUL in it`);
  }
  for (const [name, value] of Object.entries(secrets))
    if (/[\r\n]/.test(value))
      throw refuse(`its parameter ${name} has more than one line, of which nbdkit reads the first alone`);
}

/**
 * @param socket path of the Unix socket to listen on
 * @param files by parameter, the paths of the secrets
 */
export function argumentsOf(
  { plugin, parameters }: NbdkitCommand,
  socket: string,
  files: readonly (readonly [name: string, path: string])[],
): string[] {
  return [
    // It must not outlive us: also when we are killed.
    '--exit-with-parent',
    '--readonly',
    '--unix',
    socket,
    plugin,
    ...parameters.map(([name, value]) => `${name}=${value}`),
    ...files.map(([name, path]) => `${name}=+${path}`),
  ];
}
