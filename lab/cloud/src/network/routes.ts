/** Neutron v2.0, as far as a migration goes. */
import { neutronEnvelope } from '../http/envelopes.ts';
import { route, type Call, type Service } from '../http/service.ts';
import type { World } from '../world.ts';
import { groupRoutes } from './groups.ts';
import { networkRoutes } from './networks.ts';
import { portRoutes } from './ports.ts';
import { quotaRoutes } from './quotas.ts';

const EXTENSIONS = [
  'port-security',
  'quota_details',
  'quotas',
  'security-group',
  'standard-attr-description',
  'standard-attr-tag',
];

export function networkService(world: World): Service {
  return {
    name: 'network',
    prefix: '/network',
    requestIdHeaders: ['X-Openstack-Request-Id'],
    envelope: neutronEnvelope,
    routes: [
      route('GET', '/', (call) => ({ status: 200, json: versions(call) }), { open: true }),
      route('GET', '/v2.0', () => ({ status: 200, json: { resources: [] } }), { open: true }),
      route('GET', '/v2.0/extensions', () => ({
        status: 200,
        json: { extensions: EXTENSIONS.map((alias) => ({ alias, name: alias, description: '', links: [] })) },
      })),
      ...networkRoutes(world),
      ...portRoutes(world),
      ...groupRoutes(world),
      ...quotaRoutes(world),
    ],
  };
}

function versions(call: Call): unknown {
  const links = [{ rel: 'self', href: `${call.origin}/network/v2.0/` }];
  return { versions: [{ id: 'v2.0', status: 'CURRENT', links }] };
}
