import { expect, test } from 'vitest';
import { EMPTY_DRAFT } from './draft.ts';
import { sentenceOf } from './sentence.ts';

const draft = { ...EMPTY_DRAFT, source: 'vc', destination: 'cloud', networks: { a: 'private' } };

test('one machine', () => {
  expect(sentenceOf({ ...draft, instances: ['1'] }, ['web'])).toBe(
    'web will be moved from vc to cloud. It is shut down by its guest system (power is cut if it does not obey in time), then copied while it is off: its boot disk to an image, other disks to volumes. It is attached to private. It keeps its MAC addresses. It gets the smallest flavor that fits. Afterwards every byte is read back from the destination and compared, and the report says whether the guest was seen to boot. If it fails, its source is brought back and everything that was made is removed. Until you commit, it can be reverted with one click.',
  );
});

test('many machines, another way', () => {
  const many = {
    ...draft,
    instances: ['1', '2', '3', '4'],
    networks: {},
    namedMapping: 'prod',
    targetProject: 'shop',
    keepMac: false,
    flavor: 'm1.small',
    bootFrom: 'volume' as const,
    power: 'off' as const,
    verifyData: 'off' as const,
    verifyBoot: 'require' as const,
    onFailure: 'keep' as const,
    commit: 'auto' as const,
  };
  expect(sentenceOf(many, ['a', 'b', 'c', 'd'])).toBe(
    'a, b and 2 more machines will be moved from vc to cloud, project shop. Each is switched off at once, then copied while it is off: all its disks to volumes. Networks and storage follow the stored mapping prod. Each gets new addresses. Each gets the flavor m1.small. Afterwards nothing is read back, and without a sign of the guest on its console the migration counts as failed. If one fails, its source is brought back and what was made is kept for a retry. Each is committed at once: there is no way back.',
  );
});

test('subnets, and how a boot is told', () => {
  const chosen = {
    ...draft,
    instances: ['1'],
    networks: { a: 'private', b: 'private' },
    subnets: { a: 'blue' },
    bootPattern: 'web is up',
    bootSeconds: '90',
  };
  const told = sentenceOf(chosen, ['web']);
  expect(told).toContain('It is attached to private (subnet blue) and private.');
  expect(told).toContain(
    'A guest counts as up when a line of its console matches web is up, within 90 seconds.',
  );
  expect(sentenceOf({ ...chosen, bootPattern: '' }, ['web'])).toContain('A boot may take 90 seconds.');
  expect(sentenceOf({ ...chosen, verifyBoot: 'off' }, ['web'])).not.toMatch(/90|is up,/);
});
