import type { DestinationFacts } from '@guts/core';

/** What a refresh found at a destination without limits: nothing but what is given. */
export function destinationFacts({
  quota,
  ...more
}: Partial<Omit<DestinationFacts, 'quota'>> & {
  quota?: Partial<DestinationFacts['quota']>;
} = {}): DestinationFacts {
  return {
    project: { id: 'p', name: 'demo' },
    admin: false,
    flavors: [],
    networks: [],
    volumeTypes: [],
    securityGroups: [],
    availabilityZones: { compute: null, volume: null },
    quota: {
      instances: null,
      cores: null,
      ramMiB: null,
      volumes: null,
      gigabytes: null,
      ports: null,
      images: null,
      imageMiB: null,
      imageUploads: null,
      ...quota,
    },
    volumeTransports: ['image'],
    ...more,
  };
}
