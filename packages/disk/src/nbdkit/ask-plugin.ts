import { systemClock, type CopyClock } from '../copy/clock.ts';
import { orAbort } from '../abort.ts';
import { Child, type SpawnChild } from './child.ts';
import { environmentOf, type NbdkitCommand } from './command.ts';
import { NbdkitError } from './errors.ts';
import { isNoPlugin } from './server.ts';

export interface AskPluginParts {
  readonly spawn: SpawnChild;
  readonly env: NodeJS.ProcessEnv;
  readonly clock?: CopyClock;
  /** Seconds; default 20: a big library is loaded. */
  readonly seconds?: number;
}

/** More than any plugin tells; bytes. */
const LONGEST = 1024 * 1024;

/**
 * What a plugin tells of itself and of the library it uses, by name (nbdkit-probing(1), `--dump-plugin`). Nothing is
 * opened, and nobody is asked but the plugin.
 * Throws `NbdkitError`: `nbdkit_missing`, `nbdkit_no_plugin`, `nbdkit_failed`, `nbdkit_late`; the signal's reason.
 */
export async function askNbdkitPlugin(
  { program, plugin, parameters }: Omit<NbdkitCommand, 'secrets'>,
  { spawn, env, clock = systemClock, seconds = 20 }: AskPluginParts,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  signal.throwIfAborted();
  const args = [plugin, '--dump-plugin', ...parameters.map(([name, value]) => `${name}=${value}`)];
  const handle = spawn(program, args, { env: environmentOf(env), stdio: ['ignore', 'pipe', 'pipe'] });
  const child = new Child(handle, clock);
  let text = '';
  handle.stdout?.on('data', (chunk: Buffer) => {
    if (text.length < LONGEST) text += chunk.toString('utf8');
  });
  const done = new AbortController();
  const late = clock.sleep(seconds * 1000, done.signal).then(
    () => 'late' as const,
    () => 'late' as const, // aborted, once it has ended
  );
  try {
    const end = await orAbort(Promise.race([child.over, late]), signal);
    if (end === 'late')
      throw new NbdkitError(
        'nbdkit_late',
        `nbdkit ${plugin} did not tell of itself within ${seconds} seconds`,
      );
    if (end.error)
      throw new NbdkitError('nbdkit_missing', `${program} cannot be started: ${end.error.message}`, {
        cause: end.error,
      });
    if (end.code !== 0)
      throw new NbdkitError(
        child.said.lines.some(isNoPlugin) ? 'nbdkit_no_plugin' : 'nbdkit_failed',
        `nbdkit ${plugin} ${child.fate}${child.said.text}`,
      );
  } finally {
    done.abort();
    await child.stop(0);
  }
  const facts = new Map<string, string>();
  for (const line of text.split('\n')) {
    const equals = line.indexOf('=');
    if (equals > 0) facts.set(line.slice(0, equals), line.slice(equals + 1));
  }
  return facts;
}
