import { describe, expect, test } from 'vitest';
import {
  bodiesOf,
  bootPatternFault,
  EMPTY_DRAFT,
  isAskable,
  isBootSecondsWrong,
  missingOf,
  NO_CHOICE,
  readDraft,
  sharedBody,
  suggestedNetworks,
} from './draft.ts';

const draft = { ...EMPTY_DRAFT, source: 'vc', destination: 'cloud', instances: ['vm-1'] };

describe('a draft', () => {
  test('asks for nothing that is as usual', () => {
    expect(bodiesOf(draft)).toEqual([{ source: 'vc', destination: 'cloud', instance: 'vm-1' }]);
  });

  test('asks for what was chosen', () => {
    const chosen = {
      ...draft,
      networks: { 'VM Network': 'private', other: '', dmz: 'public' },
      subnets: { dmz: 'blue', other: 'left over' },
      nics: {
        '00:50:56:00:00:01': {
          ...NO_CHOICE,
          network: 'dmz',
          subnet: 'inner',
          addresses: '10.0.0.5, fd00::5',
        },
        '00:50:56:00:00:02': { ...NO_CHOICE, skip: true },
        '00:50:56:00:00:03': { ...NO_CHOICE, addresses: '10.0.0.6' },
      },
      datastores: { nfs: 'fast' },
      skipDisks: ['2001'],
      flavor: 'm1.small',
      securityGroups: 'web servers, ssh',
      keepIp: true,
      power: 'off' as const,
      verifyBoot: 'require' as const,
      bootPattern: 'web is up',
      bootSeconds: '90',
    };
    expect(sharedBody(chosen)).toEqual({
      source: 'vc',
      destination: 'cloud',
      mapping: {
        networks: { 'VM Network': { network: 'private' }, dmz: { network: 'public', subnet: 'blue' } },
        datastores: { nfs: 'fast' },
        nics: {
          '00:50:56:00:00:01': { network: 'dmz', subnet: 'inner', addresses: ['10.0.0.5', 'fd00::5'] },
          '00:50:56:00:00:02': { network: '-', skip: true },
        },
        disks: { '2001': { skip: true } },
      },
      flavor: 'm1.small',
      security_groups: ['web servers', 'ssh'],
      keep_ip: true,
      policies: { power: 'off', verify_boot: 'require', boot_pattern: 'web is up', boot_seconds: 90 },
    });
  });

  test('of several machines has nothing of a single one', () => {
    const several = {
      ...draft,
      instances: ['vm-1', 'vm-2'],
      nics: { '00:50:56:00:00:01': { ...NO_CHOICE, network: 'dmz' } },
      skipDisks: ['2001'],
    };
    expect(bodiesOf(several)).toEqual([
      { source: 'vc', destination: 'cloud', instance: 'vm-1' },
      { source: 'vc', destination: 'cloud', instance: 'vm-2' },
    ]);
  });

  test('says which steps lack something', () => {
    expect([...missingOf(EMPTY_DRAFT)]).toEqual(['machines', 'destination']);
    expect([...missingOf(draft)]).toEqual([]);
  });

  test('says nothing of how a boot is told where nobody looks', () => {
    const off = { ...draft, verifyBoot: 'off' as const, bootPattern: '(', bootSeconds: 'x' };
    expect(sharedBody(off)).toMatchObject({ policies: { verify_boot: 'off' } });
    expect(sharedBody(off).policies).not.toHaveProperty('boot_pattern');
    expect([...missingOf(off)]).toEqual([]);
  });

  test.for([
    ['(', /no regular expression.*Unterminated group.*backslash/s],
    ['x'.repeat(501), /501 characters.*at most 500/s],
  ] as const)('tells what is wrong with a pattern as the API does: %s', ([bootPattern, told]) => {
    const wrong = { ...draft, bootPattern };
    expect(bootPatternFault(wrong)).toMatch(told);
    expect([[...missingOf(wrong)], isAskable(wrong)]).toEqual([['options'], true]);
  });

  test('takes a whole number of seconds up to a day for the boot', () => {
    const wrong = (bootSeconds: string): boolean => isBootSecondsWrong({ ...draft, bootSeconds });
    expect(['0', '-1', '1.5', '86401', '1e3', 'x'].filter(wrong)).toHaveLength(6);
    expect(['', '1', '86400'].filter(wrong)).toEqual([]);
    expect([...missingOf({ ...draft, bootSeconds: '0' })]).toEqual(['options']);
  });

  test('of an older version, without subnets, is gone on with', () => {
    const { subnets: _subnets, bootPattern: _pattern, bootSeconds: _seconds, ...older } = draft;
    const nics = { '00:50:56:00:00:01': { network: 'dmz', addresses: '10.0.0.5', skip: false } };
    expect(readDraft(JSON.stringify({ ...older, networks: { a: 'b' }, nics }))).toEqual({
      ...draft,
      networks: { a: 'b' },
      nics: { '00:50:56:00:00:01': { ...NO_CHOICE, network: 'dmz', addresses: '10.0.0.5' } },
    });
  });

  test('is read as it was stored; what is not of its kind is left out', () => {
    expect(readDraft(JSON.stringify(draft))).toEqual(draft);
    expect(readDraft('{"source":5,"instances":{},"keepMac":false,"more":1}')).toEqual({
      ...EMPTY_DRAFT,
      keepMac: false,
    });
    for (const nothing of [null, 'null', '5', '{']) expect(readDraft(nothing)).toBeNull();
  });
});

test('networks go to those of the same name, or to the only one', () => {
  expect(suggestedNetworks({}, ['Private', 'other'], ['private', 'public'])).toEqual({ Private: 'private' });
  expect(suggestedNetworks({}, ['a', 'b'], ['private'])).toEqual({ a: 'private', b: 'private' });
  expect(suggestedNetworks({ a: 'public' }, ['a'], ['a', 'public'])).toEqual({ a: 'public' });
});
