import { addMigrationOptions, DRY_RUN_HELP, examples, UsageError } from '@guts/cli';
import { Command, Option } from 'commander';
import { DEFAULT_USERNAME, type OneShotOptions } from '../one-shot/options.ts';

/** @throws UsageError for what does not go together */
function checkTogether(command: Command, { action, target, yes, dryRun }: OneShotOptions): void {
  if (action !== undefined && dryRun)
    throw new UsageError('--dry-run shows how a machine would be moved: it does not go with --action');
  const given = (option: Option): boolean => command.getOptionValueSource(option.attributeName()) === 'cli';
  if (action !== 'revert' && (target !== undefined || yes))
    throw new UsageError(`${yes ? '--yes' : '--target'} belongs to --action revert`);
  const ofSpec = new Set(addMigrationOptions(new Command()).options.map((option) => option.long));
  const misplaced = command.options.find((option) => ofSpec.has(option.long) && given(option));
  if (action !== undefined && misplaced)
    throw new UsageError(
      `${misplaced.long} says how a machine is to be moved: with --action that is settled; leave it out`,
    );
}

/** Fills `guts migrate`, the one-shot. */
export function addMigrate(program: Command, command: Command, setExitCode: (code: number) => void): void {
  command
    .description(
      'Moves machines from a vCenter or ESXi to a cloud of clouds.yaml. The password comes from --password-file, from GUTS_SOURCE_PASSWORD, or is asked for. A run that was cut off goes on when the same command is run again.',
    )
    .requiredOption('--source <url>', 'vCenter or ESXi, like https://vcenter.example.org')
    .option('--username <user>', 'user at the source', DEFAULT_USERNAME)
    .option('--password-file <file>', 'file with the password')
    .option('--ca <file>', 'PEM file of the authority that signed the source')
    .option('--fingerprint <hex>', 'SHA-256 or SHA-1 of the certificate to trust')
    .option('--insecure', 'trusts any certificate of the source', false)
    .requiredOption('--instance <name...>', 'name, ref or path; repeatable')
    .option('--cloud <name>', 'cloud of clouds.yaml (default: OS_CLOUD, or the OS_* variables)')
    .addOption(
      new Option(
        '--volume-access <how>',
        'how volumes are filled: from an image; as files or devices of this host; at the server that this host is; auto: as files or devices where they are reached, else from an image',
      )
        .choices(['auto', 'image', 'device', 'server'])
        .default('auto'),
    )
    .option('--dry-run', DRY_RUN_HELP, false)
    .addOption(
      new Option(
        '--action <what>',
        'moves nothing, but asks this of the last migration of each instance that guts migrate made: revert brings the source back, commit ends that this can be done, retry goes on after a failure, cancel puts everything back',
      ).choices(['revert', 'commit', 'retry', 'cancel']),
    )
    .addOption(
      new Option(
        '--target <what>',
        'of a revert; park: stopped, locked and kept; remove: deleted (default: park)',
      ).choices(['park', 'remove']),
    )
    .option(
      '--yes',
      'of a revert: does not ask; what was written on the target since cutover is lost',
      false,
    );
  const more = addMigrationOptions(command).addHelpText(
    'after',
    examples(
      'guts migrate --source https://vcenter.example.org --instance web --cloud prod --network private',
      'guts migrate --source https://vcenter.example.org --instance web --cloud prod --action revert',
    ),
  );
  more.action(async (options: OneShotOptions) => {
    checkTogether(command, options);
    const { migrateOnce } = await import('../one-shot/migrate.ts');
    setExitCode(await migrateOnce(options, program.opts<{ json: boolean }>().json, process.env));
  });
}
