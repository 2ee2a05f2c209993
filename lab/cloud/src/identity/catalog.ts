/** The service catalogue: every service under a path of the one listener, three interfaces each. */
import { createHash } from 'node:crypto';

const SERVICES: readonly (readonly [type: string, name: string, path: string])[] = [
  ['identity', 'keystone', '/identity'],
  ['image', 'glance', '/image'],
  ['compute', 'nova', '/compute/v2.1'],
  ['network', 'neutron', '/network'],
  ['volumev3', 'cinderv3', '/volume/v3/$project'],
  ['block-storage', 'cinder', '/volume/v3/$project'],
];

const stableId = (text: string): string => createHash('md5').update(text).digest('hex');

/** As in a token; entries that need a project are left out of an unscoped token's. */
export function catalog(origin: string, region: string, projectId: string | undefined): unknown[] {
  return SERVICES.filter(([, , path]) => projectId !== undefined || !path.includes('$project')).map(
    ([type, name, path]) => ({
      id: stableId(`service ${name}`),
      type,
      name,
      endpoints: ['public', 'internal', 'admin'].map((kind) => ({
        id: stableId(`endpoint ${name} ${kind}`),
        interface: kind,
        region,
        region_id: region,
        url: origin + path.replace('$project', projectId ?? ''),
      })),
    }),
  );
}
