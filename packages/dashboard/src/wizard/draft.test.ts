import { describe, expect, test } from 'vitest';
import { bodiesOf, EMPTY_DRAFT, missingOf, readDraft, sharedBody, suggestedNetworks } from './draft.ts';

const draft = { ...EMPTY_DRAFT, source: 'vc', destination: 'cloud', instances: ['vm-1'] };

describe('a draft', () => {
  test('asks for nothing that is as usual', () => {
    expect(bodiesOf(draft)).toEqual([{ source: 'vc', destination: 'cloud', instance: 'vm-1' }]);
  });

  test('asks for what was chosen', () => {
    const chosen = {
      ...draft,
      networks: { 'VM Network': 'private', other: '' },
      nics: {
        '00:50:56:00:00:01': { network: 'dmz', addresses: '10.0.0.5, fd00::5', skip: false },
        '00:50:56:00:00:02': { network: '', addresses: '', skip: true },
        '00:50:56:00:00:03': { network: '', addresses: '10.0.0.6', skip: false },
      },
      datastores: { nfs: 'fast' },
      skipDisks: ['2001'],
      flavor: 'm1.small',
      securityGroups: 'web servers, ssh',
      keepIp: true,
      power: 'off' as const,
      verifyBoot: 'require' as const,
    };
    expect(sharedBody(chosen)).toEqual({
      source: 'vc',
      destination: 'cloud',
      mapping: {
        networks: { 'VM Network': { network: 'private' } },
        datastores: { nfs: 'fast' },
        nics: {
          '00:50:56:00:00:01': { network: 'dmz', addresses: ['10.0.0.5', 'fd00::5'] },
          '00:50:56:00:00:02': { network: '-', skip: true },
        },
        disks: { '2001': { skip: true } },
      },
      flavor: 'm1.small',
      security_groups: ['web servers', 'ssh'],
      keep_ip: true,
      policies: { power: 'off', verify_boot: 'require' },
    });
  });

  test('of several machines has nothing of a single one', () => {
    const several = {
      ...draft,
      instances: ['vm-1', 'vm-2'],
      nics: { '00:50:56:00:00:01': { network: 'dmz', addresses: '', skip: false } },
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
