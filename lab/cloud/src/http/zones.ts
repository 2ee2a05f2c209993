import { route, type Service } from './service.ts';

/** `os-availability-zone`, which Nova and Cinder answer alike. */
export function zoneRoute(root: string, zones: readonly string[]): Service['routes'][number] {
  return route('GET', `${root}/os-availability-zone`, () => ({
    status: 200,
    json: {
      availabilityZoneInfo: zones.map((zoneName) => ({
        zoneName,
        zoneState: { available: true },
        hosts: null,
      })),
    },
  }));
}
