import type { Artifact } from '../artifact.ts';
import type { ArtifactSpecs, Flavor, QuotaRoom } from '../ports/destination-driver.ts';

const GIB_IN_MIB = 1024;

/**
 * What a quota would have left without what a migration has made already: a plan that keeps it needs it once.
 * @param made the migration's artifacts; only what is recorded as created at the destination counts
 */
export function roomBeside(
  room: QuotaRoom,
  made: readonly Artifact[],
  flavors: readonly Flavor[],
): QuotaRoom {
  const specs = <K extends keyof ArtifactSpecs>(kind: K): ArtifactSpecs[K][] =>
    made
      .filter((one) => one.kind === kind && one.status === 'created')
      .map(({ data }) => data['spec'] as ArtifactSpecs[K]);
  const servers = specs('server');
  const volumes = specs('volume');
  const images = specs('image');
  const flavorOf = servers.map(({ flavorId }) => flavors.find(({ id }) => id === flavorId));
  const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
  const more = (left: number | null, held: number): number | null => (left === null ? null : left + held);
  return {
    instances: more(room.instances, servers.length),
    cores: more(room.cores, sum(flavorOf.map((flavor) => flavor?.vcpus ?? 0))),
    ramMiB: more(room.ramMiB, sum(flavorOf.map((flavor) => flavor?.ramMiB ?? 0))),
    volumes: more(room.volumes, volumes.length),
    gigabytes: more(room.gigabytes, sum(volumes.map(({ sizeGiB }) => sizeGiB))),
    ports: more(room.ports, specs('port').length),
    images: more(room.images, images.length),
    // At most: an image takes what was sent of its disk.
    imageMiB: more(room.imageMiB, sum(images.map(({ minDiskGiB }) => minDiskGiB * GIB_IN_MIB))),
    imageUploads: room.imageUploads,
  };
}
