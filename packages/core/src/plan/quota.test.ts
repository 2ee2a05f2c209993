import { describe, expect, test } from 'vitest';
import type { Flavor, QuotaRoom } from '../ports/destination-driver.ts';
import { destinationRules } from '../preflight/rules/destination.ts';
import { findingOf } from '../preflight/rule.ts';
import type { DestinationCase } from '../preflight/case.ts';
import { takingOf } from './quota.ts';
import type { TargetDisk } from './target.ts';

const MIB = 2 ** 20;
const flavor: Flavor = {
  id: 'f',
  name: 'f',
  vcpus: 2,
  ramMiB: 512,
  diskGiB: 1,
  ephemeralGiB: 0,
  extraSpecs: {},
};
const disk = (key: string, more: Partial<TargetDisk> = {}): TargetDisk => ({
  key,
  objectId: key,
  label: key,
  capacityBytes: 10 * MIB,
  sizeGiB: 3,
  boot: false,
  target: 'volume',
  volumeType: null,
  fill: 'device',
  ...more,
});
const UNLIMITED: QuotaRoom = {
  instances: null,
  cores: null,
  ramMiB: null,
  volumes: null,
  gigabytes: null,
  ports: null,
  images: null,
  imageMiB: null,
  imageUploads: null,
};
const boot = disk('a', { boot: true, target: 'image' });
const check = (room: Partial<QuotaRoom>, disks: readonly TargetDisk[]) => {
  const facts = { project: { id: 'p', name: 'demo' }, quota: { ...UNLIMITED, ...room } };
  const one = { facts, taking: takingOf(flavor, 1, disks) } as unknown as DestinationCase;
  return destinationRules
    .filter(({ id }) => id.startsWith('quota.'))
    .flatMap((rule) =>
      rule.needs === 'destination' ? rule.check(one).map((told) => findingOf(rule, told)) : [],
    )
    .map(({ severity, message }) => `${severity}: ${message}`);
};

test('what is not limited or not told blocks nothing', () => {
  expect(check({}, [boot, disk('b')])).toEqual([]);
});

test.for([
  ['instances', 0, 1, 'instances has 0 left; 1 are needed'],
  ['cores', 1, 2, 'cores has 1 left; 2 are needed'],
  ['ramMiB', 511, 512, 'memory has 511 MiB left; 512 MiB are needed'],
  ['volumes', 1, 2, 'volumes has 1 left; 2 are needed'],
  ['gigabytes', 5, 6, 'volume storage has 5 GiB left; 6 GiB are needed'],
  ['ports', 0, 1, 'ports has 0 left; 1 are needed'],
  ['images', 1, 2, 'images has 1 left; 2 are needed'],
  ['imageUploads', 1, 2, 'image uploads at once has 1 left; 2 are needed'],
] as const)('%s: %d of %d', ([name, less, enough, words]) => {
  const disks = [boot, disk('b'), disk('c', { fill: 'image' })];
  expect(check({ [name]: less }, disks)).toEqual([`blocker: the quota of project demo for ${words}`]);
  expect(check({ [name]: enough }, disks)).toEqual([]);
});

test('no more uploads are needed than disks are copied at once', () => {
  const many = ['b', 'c', 'd', 'e', 'f'].map((key) => disk(key, { fill: 'image' }));
  expect(check({ imageUploads: 4 }, many)).toEqual([]);
});

describe('image storage', () => {
  const disks = [boot, disk('b', { fill: 'image', capacityBytes: 10 * MIB + 1 }), disk('c')];
  test('blocks when nothing is left, and is told when it may not do', () => {
    expect(check({ imageMiB: 0 }, disks)).toEqual([
      'blocker: the quota of project demo for image storage has 0 MiB left; 1 MiB are needed',
    ]);
    expect(check({ imageMiB: 20 }, disks)).toEqual([
      expect.stringMatching(/^warning: .* has 20 MiB left; .* may take up to 21 MiB$/),
    ]);
    expect(check({ imageMiB: 21 }, disks)).toEqual([]);
  });
  test('is not needed where no image is made', () => {
    expect(check({ imageMiB: 0, images: 0, imageUploads: 0 }, [disk('c')])).toEqual([]);
  });
});
