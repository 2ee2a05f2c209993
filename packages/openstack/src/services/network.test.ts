import { describe, expect, test } from 'vitest';
import { scriptedSession } from '../../test/scripted-session.ts';
import { createPort, portsLeft } from '../index.ts';

const signal = AbortSignal.timeout(20_000);
const scripted = scriptedSession(signal);

describe('a port', () => {
  test('is asked for with what is set; no group at all only when security is off', async () => {
    const { cloud, session, bodies } = scripted();
    cloud.on('POST /network/v2.0/ports', () => ({ status: 201, json: { port: { id: 'p' } } }));
    const least = {
      networkId: 'n',
      name: 'x',
      description: 'd',
      mac: null,
      fixedIps: [],
      securityGroupIds: [],
    };
    await createPort(session, least, signal);
    await createPort(
      session,
      {
        ...least,
        mac: '00:50:56:00:00:01',
        fixedIps: [{ subnet_id: 's' }],
        allowedAddressPairs: [{ ip_address: '10.0.0.0/8' }],
        portSecurityEnabled: true,
        adminStateUp: false,
        securityGroupIds: ['g'],
      },
      signal,
    );
    const common = { network_id: 'n', name: 'x', description: 'd' };
    expect(bodies()).toEqual([
      { port: { ...common, admin_state_up: true } },
      {
        port: {
          ...common,
          admin_state_up: false,
          mac_address: '00:50:56:00:00:01',
          fixed_ips: [{ subnet_id: 's' }],
          allowed_address_pairs: [{ ip_address: '10.0.0.0/8' }],
          port_security_enabled: true,
          security_groups: ['g'],
        },
      },
    ]);
  });

  test.for([
    [{ json: { quota: { port: { limit: 5, used: 2, reserved: 1 } } } }, 2],
    [{ json: { quota: { port: { limit: 1, used: 2, reserved: 0 } } } }, 0],
    [{ json: { quota: { port: { limit: -1, used: 2, reserved: 0 } } } }, null],
    [{ status: 404 }, null],
    [{ status: 403 }, null],
  ] as const)('may still be made: %j tells %j', async ([reply, left]) => {
    const { cloud, session } = scripted();
    cloud.on('GET /network/v2.0/quotas/p1/details.json', () => reply);
    expect(await portsLeft(session, signal)).toBe(left);
  });
});
