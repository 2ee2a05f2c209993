import { expect, test } from 'vitest';
import { scriptedSession } from '../../test/scripted-session.ts';
import { availabilityZones } from '../index.ts';

const signal = AbortSignal.timeout(20_000);
const scripted = scriptedSession(signal);
const zone = (zoneName: string, available: boolean) => ({ zoneName, zoneState: { available }, hosts: null });

test('zones that are down are none', async () => {
  const { cloud, session } = scripted();
  cloud.on('GET /compute/v2.1/os-availability-zone', () => ({
    json: { availabilityZoneInfo: [zone('a', true), zone('b', false)] },
  }));
  expect(await availabilityZones(session, 'compute', signal)).toEqual(['a']);
});

test.for([403, 404])('a cloud that answers %s does not tell', async (status) => {
  const { cloud, session } = scripted();
  cloud.on('GET /compute/v2.1/os-availability-zone', () => ({ status }));
  expect(await availabilityZones(session, 'compute', signal)).toBeNull();
});
