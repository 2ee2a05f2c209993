import { isStatus } from '../errors.ts';
import type { OpenStackSession } from '../session.ts';

interface Wire {
  readonly availabilityZoneInfo: readonly {
    readonly zoneName: string;
    readonly zoneState: { readonly available: boolean };
  }[];
}

/**
 * The availability zones in which servers or volumes can be made now (`os-availability-zone` of both APIs); null: the
 * cloud does not tell this user.
 */
export async function availabilityZones(
  session: OpenStackSession,
  service: 'compute' | 'volume',
  signal: AbortSignal,
): Promise<string[] | null> {
  try {
    const answer = (await session.call(service, { path: '/os-availability-zone', signal })) as Wire;
    return answer.availabilityZoneInfo.flatMap((one) => (one.zoneState.available ? [one.zoneName] : []));
  } catch (error) {
    if (isStatus(error, 403, 404)) return null;
    throw error;
  }
}
