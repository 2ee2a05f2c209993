import type { DestinationFacts } from '../ports/destination-driver.ts';
import type { Finding } from '../preflight-finding.ts';
import type { TargetDisk } from './target.ts';

function check(
  what: 'servers' | 'volumes',
  zone: string,
  known: readonly string[] | null,
): readonly Finding[] {
  if (known === null || known.includes(zone)) return [];
  const zones = known.map((one) => `'${one}'`).join(', ') || '(there are none)';
  return [
    {
      severity: 'blocker',
      code: 'availability_zone.unknown',
      subject: 'destination',
      message: `the destination has no availability zone '${zone}' for ${what} that is up`,
      remedy: `Name another, or none; for ${what} there are: ${zones}.`,
    },
  ];
}

/** Whether what is made for the target can be made in the zone that is asked for. */
export function zoneFindings(
  wanted: string | null,
  facts: DestinationFacts,
  disks: readonly TargetDisk[],
): readonly Finding[] {
  if (wanted === null) return [];
  const { compute, volume } = facts.availabilityZones;
  // Administrators may name a host behind the zone: `zone:host`.
  const [zone = wanted] = wanted.split(':');
  return [
    ...check('servers', zone, compute),
    ...(disks.some((disk) => disk.target === 'volume') ? check('volumes', wanted, volume) : []),
  ];
}
