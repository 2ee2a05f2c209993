import { NewMigration } from '@guts/contract';
import { Command } from 'commander';
import Value from 'typebox/value';
import { describe, expect, test } from 'vitest';
import { UsageError } from './context.ts';
import { addMigrationOptions, migrationBody, type MigrationOptions } from './migration-options.ts';

function parse(...args: string[]) {
  const command = addMigrationOptions(new Command('create'))
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  command.parse(args, { from: 'user' });
  return migrationBody(command.opts<MigrationOptions>());
}

describe('the options of a migration', () => {
  test('without any, every default is the API', () => {
    const body = parse();
    expect(body).toMatchObject({ keep_mac: true, keep_ip: false, policies: {} });
    expect(body.policies).not.toHaveProperty('verify_data');
    expect(parse('--no-verify-data').policies).toEqual({ verify_data: 'off' });
    expect(parse('--verify-data', 'both').policies).toEqual({ verify_data: 'both' });
    expect(body).not.toHaveProperty('flavor');
  });
  test('become the API body, which the contract accepts', () => {
    const body = parse(
      '--network',
      'VM Network=prod/sub',
      '--network',
      'dmz',
      '--nic',
      '00:50:56:AA:00:01=prod@10.0.0.5,10.0.0.6',
      '--skip-nic',
      '00:50:56:AA:00:02',
      '--volume-type',
      'DS==1=fast',
      '--skip-disk',
      '2001',
      '--property',
      'hw_disk_bus=virtio',
      '--property',
      'os_type=',
      '--no-keep-mac',
      '--keep-ip',
      '--no-verify-data',
      '--power',
      'guest-only',
      '--shutdown-seconds',
      '60',
      '--transport',
      'lease',
      '--boot-from',
      'volume',
      '--flavor',
      'm1',
      '--name',
      'x',
      '--boot-pattern',
      'login:',
    );
    expect(body.mapping).toEqual({
      networks: { 'VM Network': { network: 'prod', subnet: 'sub' }, '*': { network: 'dmz' } },
      nics: {
        '00:50:56:aa:00:01': { network: 'prod', addresses: ['10.0.0.5', '10.0.0.6'] },
        '00:50:56:aa:00:02': { network: '-', skip: true },
      },
      datastores: { 'DS=1': 'fast' },
      disks: { '2001': { skip: true } },
    });
    expect(body.properties).toEqual({ hw_disk_bus: 'virtio', os_type: null });
    expect(body.policies).toEqual({
      verify_data: 'off',
      power: 'guest-only',
      shutdown_seconds: 60,
      boot_pattern: 'login:',
    });
    const whole = { source: 's', destination: 'd', instance: 'i', ...body };
    expect(Value.Errors(NewMigration, whole)).toEqual([]);
  });
  test.for([
    ['prod', { '*': { network: 'prod' } }],
    ['prod/blue', { '*': { network: 'prod', subnet: 'blue' } }],
    ['prod//blue', { '*': { network: 'prod/blue' } }],
    ['VM Network=a//b/c//d', { 'VM Network': { network: 'a/b', subnet: 'c/d' } }],
    [
      'a==b/@c=d==e@@f@10.0.0.5,fd00::5',
      { 'a=b/@c': { network: 'd=e@f', addresses: ['10.0.0.5', 'fd00::5'] } },
    ],
  ] as const)('--network %s', ([given, networks]) => {
    expect(parse('--network', given).mapping?.networks).toEqual(networks);
  });
  test.for([
    ['a/b/c', /more than one "\/".*"\/\/"/],
    ['a///b', /not clear what "\/\/\/" means.*id/],
    ['prod/', /a part is missing/],
    ['/blue', /a part is missing/],
    ['a=b=c', /more than one "=".*"=="/],
    ['prod@dc1', /"dc1" is no IP address.*"@@"/],
    ['prod@', /a part is missing/],
  ] as const)('--network %s would lose something, and is refused in words', ([given, message]) => {
    expect(() => parse('--network', given)).toThrow(message);
  });
  test.for([
    ['--network', '=prod'],
    ['--nic', '00:50:56:aa:00:01'],
    ['--property', 'hw_disk_bus'],
    ['--shutdown-seconds', 'soon'],
    ['--shutdown-seconds', '0'],
  ] as const)('%s %s is refused', ([option, value]) => {
    expect(() => parse(option, value)).toThrow(UsageError);
  });
});
