import { examples, UsageError } from '@guts/cli/start';
import type { Command } from 'commander';

interface Options {
  readonly config?: string;
}

/** Fills `guts secret`. */
export function addSecret(program: Command, secret: Command): void {
  const option = ['--config <file>', 'configuration file (YAML); GUTS_CONFIG'] as const;
  const around = async () => {
    const [{ systemClock }, { pointsFrom }] = await Promise.all([
      import('../wiring/clock.ts'),
      import('../faults/points.ts'),
    ]);
    const watch = pointsFrom(process.env)?.watch;
    return {
      env: process.env,
      json: program.opts<{ json: boolean }>().json,
      out: process.stdout,
      err: process.stderr,
      clock: systemClock,
      ...(watch ? { watch } : {}),
    };
  };
  secret
    .command('list')
    .summary('Tells the ids of the keys and how many secrets each sealed; never keys')
    .description('Tells the ids of the keys and how many secrets each sealed; never keys.')
    .option(...option)
    .addHelpText('after', examples('guts secret list'))
    .action(async ({ config }: Options) => {
      const { listKeys } = await import('./secret.ts');
      await listKeys(config ?? null, await around());
    });
  secret
    .command('check')
    .summary('Tells whether every secret in the database opens')
    .description('Tells whether every secret in the database opens with the keys of this host.')
    .option(...option)
    .addHelpText('after', examples('guts secret check --config /etc/guts/guts.yaml'))
    .action(async ({ config }: Options) => {
      const { checkSecrets } = await import('./secret.ts');
      await checkSecrets(config ?? null, await around());
    });
  secret
    .command('rotate')
    .summary('Makes a new key and seals every secret anew, while daemons run')
    .description(
      'Makes a new key, which seals from now on, and seals anew what older keys sealed, while daemons run. A rotation that was cut off goes on when the same command is run again. With several hosts: --prepare, copy the key file to every host, rotate on one, copy the file again, and --retire once no host has an older file.',
    )
    .option(...option)
    .option('--prepare', 'only adds a key that will seal later, to be brought to every host first', false)
    .option('--retire', 'only takes out keys that nothing refers to any more', false)
    .addHelpText('after', examples('guts secret rotate', 'guts secret rotate --prepare'))
    .action(async ({ config, prepare, retire }: Options & { prepare: boolean; retire: boolean }) => {
      if (prepare && retire) throw new UsageError('--prepare and --retire exclude each other');
      const { rotateSecrets } = await import('./secret.ts');
      const how = prepare ? 'prepare' : retire ? 'retire' : 'rotate';
      await rotateSecrets(config ?? null, how, await around());
    });
}
