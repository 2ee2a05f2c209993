import { addMigrationOptions } from '@guts/cli';
import { type Command, Option } from 'commander';
import type { OneShotOptions } from '../one-shot/migrate.ts';

/** Adds `guts migrate`, the one-shot. */
export function addMigrate(program: Command, setExitCode: (code: number) => void): void {
  const command = program
    .command('migrate')
    .summary('Moves machines with one command: no daemon, no database to set up')
    .description(
      'Moves machines from a vCenter or ESXi to a cloud of clouds.yaml. The password comes from --password-file, from GUTS_SOURCE_PASSWORD, or is asked for.',
    )
    .requiredOption('--source <url>', 'vCenter or ESXi, like https://vcenter.example.org')
    .option('--username <user>', 'user at the source', 'administrator@vsphere.local')
    .option('--password-file <file>', 'file with the password')
    .option('--ca <file>', 'PEM file of the authority that signed the source')
    .option('--fingerprint <hex>', 'SHA-256 or SHA-1 of the certificate to trust')
    .option('--insecure', 'trusts any certificate of the source', false)
    .requiredOption('--instance <name...>', 'name, ref or path; repeatable')
    .option('--cloud <name>', 'cloud of clouds.yaml (default: OS_CLOUD, or the OS_* variables)')
    .addOption(
      new Option('--volume-access <how>', 'how volumes are filled: from an image, or as files (NFS)')
        .choices(['image', 'device'])
        .default('image'),
    );
  addMigrationOptions(command).action(async (options: OneShotOptions) => {
    const { migrateOnce } = await import('../one-shot/migrate.ts');
    setExitCode(await migrateOnce(options, program.opts<{ json: boolean }>().json, process.env));
  });
}
