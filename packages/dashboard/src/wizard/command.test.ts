import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commandOf, shellWord } from './command.ts';

describe('a command', () => {
  test('says what the body says', () => {
    const body = {
      source: 'my vCenter',
      destination: 'cloud',
      instance: 'vm-1',
      named_mapping: 'prod',
      mapping: {
        networks: { '*': { network: 'private' }, 'a=b': { network: 'x/y', subnet: 's@1' } },
        nics: {
          '00:50:56:00:00:01': { network: 'dmz', addresses: ['10.0.0.5', 'fd00::5'] },
          '00:50:56:00:00:02': { network: '-', skip: true },
        },
        datastores: { nfs: 'fast' },
        disks: { '2001': { skip: true } },
      },
      flavor: 'm1.small',
      security_groups: ['web', 'ssh'],
      keep_mac: false,
      keep_ip: true,
      policies: {
        power: 'off',
        verify_boot: 'require',
        boot_pattern: '^web ready$',
        boot_seconds: 90,
      },
    } as const;
    expect(commandOf(body as never)).toBe(
      [
        "guts migration create vm-1 --source 'my vCenter' --destination cloud --mapping prod",
        '--network private --network a==b=x//y/s@@1',
        '--nic 00:50:56:00:00:01=dmz@10.0.0.5,fd00::5 --skip-nic 00:50:56:00:00:02',
        '--volume-type nfs=fast --skip-disk 2001 --flavor m1.small',
        '--security-group web --security-group ssh --no-keep-mac --keep-ip --power off --verify-boot require',
        "--boot-pattern '^web ready$' --boot-seconds 90",
      ].join(' '),
    );
  });

  test('a shell reads every word as it is meant', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (word) => {
        fc.pre(!word.includes('\0'));
        const read = execFileSync('/bin/sh', ['-c', `printf %s ${shellWord(word)}`], { encoding: 'utf8' });
        expect(read).toBe(word);
      }),
      { numRuns: 50 },
    );
  });
});
