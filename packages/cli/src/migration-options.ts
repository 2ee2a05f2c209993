import type { NewMigration } from '@guts/contract';
import { type Command, Option } from 'commander';
import { UsageError } from './context.ts';
import { addMappingOptions, mappingOf, type MappingOptions } from './mapping-options.ts';

/** What `guts migration create` and `guts migrate` ask of a migration. */
export interface MigrationOptions extends MappingOptions {
  readonly name?: string;
  readonly targetProject?: string;
  readonly flavor?: string;
  readonly availabilityZone?: string;
  readonly securityGroup: readonly string[];
  readonly property: readonly string[];
  readonly transport?: NonNullable<NewMigration['transport']>;
  readonly bootFrom?: NonNullable<NewMigration['boot_from']>;
  readonly keepMac: boolean;
  readonly keepIp: boolean;
  readonly power?: 'guest' | 'guest-only' | 'off';
  readonly shutdownSeconds?: number;
  readonly onFailure?: 'undo' | 'keep';
  /** False for --no-verify-data. */
  readonly verifyData?: NonNullable<NewMigration['policies']>['verify_data'] | false;
  readonly verifyBoot?: 'require' | 'report' | 'off';
  readonly bootPattern?: string;
  readonly bootSeconds?: number;
}

function seconds(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new UsageError(`"${text}" is no number of seconds`);
  return Number(text);
}

const choice = (flags: string, description: string, choices: readonly string[]): Option =>
  new Option(flags, description).choices([...choices]);

/** Adds them to a command. */
export function addMigrationOptions(command: Command): Command {
  command
    .option('--name <name>', 'name of the server (default: the name at the source)')
    .option('--target-project <project>', "project at the destination (default: the credential's own)");
  return addMappingOptions(command)
    .option('--flavor <flavor>', 'name or id (default: the smallest that fits)')
    .option('--availability-zone <zone>', 'for server and volumes')
    .option('--security-group <group...>', 'name or id; repeatable', [])
    .option('--property <key=value...>', 'image property over the derived one; KEY= leaves it out', [])
    .addOption(choice('--transport <name>', 'how disks are read', ['auto', 'lease', 'datastore', 'vddk']))
    .addOption(choice('--boot-from <kind>', 'what the server boots from', ['image', 'volume']))
    .option('--no-keep-mac', 'lets Neutron choose MAC addresses')
    .option('--keep-ip', 'keeps the IP addresses that the guest reports', false)
    .addOption(
      choice('--power <policy>', 'guest: ask, then cut power at the deadline', [
        'guest',
        'guest-only',
        'off',
      ]),
    )
    .option('--shutdown-seconds <n>', "the guest's deadline", seconds)
    .addOption(choice('--on-failure <what>', 'undo: leave nothing; keep: for a retry', ['undo', 'keep']))
    .addOption(
      choice('--verify-data <how>', 'what is read back and compared (default: full, the destination)', [
        'full',
        'both',
        'sampled',
        'off',
      ]),
    )
    .option('--no-verify-data', 'does not read the destination back')
    .addOption(choice('--verify-boot <what>', 'without proof of a boot', ['require', 'report', 'off']))
    .option(
      '--boot-pattern <regexp>',
      'what a line of the console shows once the guest is up (JavaScript, with Unicode; at most 500 characters)',
    )
    .option('--boot-seconds <n>', 'how long a boot may take', seconds);
}

/** The options as the API's body, without source, destination and instance. @throws UsageError */
export function migrationBody(
  options: MigrationOptions,
): Omit<NewMigration, 'source' | 'destination' | 'instance'> {
  const set = <K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> =>
    value === undefined ? {} : ({ [key]: value } as Partial<Record<K, V>>);
  return {
    ...set('target_name', options.name),
    ...set('target_project', options.targetProject),
    mapping: mappingOf(options),
    ...set('flavor', options.flavor),
    ...set('availability_zone', options.availabilityZone),
    security_groups: [...options.securityGroup],
    properties: Object.fromEntries(
      options.property.map((pair) => {
        const at = pair.indexOf('=');
        if (at < 1) throw new UsageError(`"${pair}" is no KEY=VALUE`);
        return [pair.slice(0, at), at === pair.length - 1 ? null : pair.slice(at + 1)];
      }),
    ),
    ...set('transport', options.transport),
    ...set('boot_from', options.bootFrom),
    keep_mac: options.keepMac,
    keep_ip: options.keepIp,
    policies: {
      ...set('power', options.power),
      ...set('shutdown_seconds', options.shutdownSeconds),
      ...set('on_failure', options.onFailure),
      ...set('verify_data', options.verifyData === false ? 'off' : options.verifyData),
      ...set('verify_boot', options.verifyBoot),
      ...set('boot_pattern', options.bootPattern),
      ...set('boot_seconds', options.bootSeconds),
    },
  };
}
