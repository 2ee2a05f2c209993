import { expect, test } from 'vitest';
import type { Artifact, ArtifactKind, ArtifactStatus } from '../artifact.ts';
import type { Flavor, QuotaRoom } from '../ports/destination-driver.ts';
import { roomBeside } from './room-beside.ts';

const flavor: Flavor = {
  id: 'f',
  name: 'f',
  vcpus: 2,
  ramMiB: 512,
  diskGiB: 1,
  ephemeralGiB: 0,
  extraSpecs: {},
};
const made = (kind: ArtifactKind, spec: object, status: ArtifactStatus = 'created'): Artifact => ({
  id: kind,
  migrationId: 'm',
  kind,
  side: 'destination',
  role: kind,
  status,
  externalId: status === 'intended' ? null : 'x',
  name: null,
  data: { spec },
  sequence: 1,
  createdAt: '',
  updatedAt: '',
});
const FULL: QuotaRoom = {
  instances: 0,
  cores: 0,
  ramMiB: 0,
  volumes: 0,
  gigabytes: 0,
  ports: 0,
  images: 0,
  imageMiB: 0,
  imageUploads: 3,
};

test('what the migration made itself is not needed twice', () => {
  const all = [
    made('port', {}),
    made('volume', { sizeGiB: 3 }),
    made('volume', { sizeGiB: 4 }),
    made('image', { minDiskGiB: 1 }),
    made('server', { flavorId: 'f' }),
  ];
  expect(roomBeside(FULL, all, [flavor])).toEqual({
    instances: 1,
    cores: 2,
    ramMiB: 512,
    volumes: 2,
    gigabytes: 7,
    ports: 1,
    images: 1,
    imageMiB: 1024,
    imageUploads: 3,
  });
});

test('what is gone, or perhaps never was made, gives nothing', () => {
  const none = [
    made('volume', { sizeGiB: 3 }, 'removed'),
    made('volume', { sizeGiB: 3 }, 'intended'),
    made('volume', { sizeGiB: 3 }, 'released'),
  ];
  expect(roomBeside(FULL, none, [])).toEqual(FULL);
});

test('what is unlimited stays so, and a flavor that is gone gives nothing', () => {
  const room = { ...FULL, volumes: null };
  const all = [made('volume', { sizeGiB: 1 }), made('server', { flavorId: 'gone' })];
  expect(roomBeside(room, all, [flavor])).toMatchObject({ volumes: null, instances: 1, cores: 0 });
});
