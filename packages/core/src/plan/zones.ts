import type { DestinationFacts } from '../ports/destination-driver.ts';
import type { Finding } from '../preflight-finding.ts';
import type { TargetDisk } from './target.ts';

const listed = (zones: readonly string[]): string =>
  zones.map((one) => `'${one}'`).join(', ') || '(there are none)';

function check(
  what: 'servers' | 'volumes',
  zone: string,
  known: readonly string[] | null,
): readonly Finding[] {
  if (known === null || known.includes(zone)) return [];
  const finding = {
    code: 'availability_zone.unknown',
    subject: 'destination',
    message: `the destination has no availability zone '${zone}' for ${what} that is up`,
    remedy: `Name another, or none; for ${what} there are: ${listed(known)}.`,
  };
  if (what === 'servers') return [{ ...finding, severity: 'blocker' }];
  // Many clouds have zones for servers alone, and let Cinder fall back (`allow_availability_zone_fallback`), which no
  // API tells. Where it may not, `reserve` is refused the volume while the source still runs.
  return [
    {
      ...finding,
      severity: 'warning',
      message: `${finding.message}: its volumes go to the default one if the cloud allows that, and are refused if not`,
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
