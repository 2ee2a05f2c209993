import type { CloudConfig } from './config/cloud-config.ts';
import { ProtocolError } from './errors.ts';
import type { Token } from './identity.ts';

export type ServiceName = 'image' | 'network' | 'compute' | 'volume';

interface ServiceFacts {
  /** Types in the catalog, the preferred first (OpenStack service types authority). */
  readonly types: readonly string[];
  /** Path that an endpoint without a version is completed with. */
  readonly version: string;
  /** Name in the microversion header, and the newest that this client understands. */
  readonly microversion: { readonly name: string; readonly newest: string } | null;
}
export const SERVICES: Readonly<Record<ServiceName, ServiceFacts>> = {
  image: { types: ['image'], version: 'v2', microversion: null },
  network: { types: ['network'], version: 'v2.0', microversion: null },
  compute: { types: ['compute'], version: 'v2.1', microversion: { name: 'compute', newest: '2.90' } },
  volume: {
    types: ['block-storage', 'volumev3', 'block-store', 'volume'],
    version: 'v3',
    microversion: { name: 'volume', newest: '3.70' },
  },
};

/** The names that a catalog may have for the services that are used here. */
export const SERVICE_TYPES: readonly string[] = Object.values(SERVICES).flatMap(({ types }) => types);

/** The service's URL in the configuration or the token's catalog; null: there is none. */
export function findEndpoint(config: CloudConfig, token: Token, service: ServiceName): string | null {
  return findByTypes(config, token, SERVICES[service].types);
}

/** The same by types of the catalog, the preferred first. */
export function findByTypes(config: CloudConfig, token: Token, types: readonly string[]): string | null {
  const overriding = types.find((type) => config.endpointOverrides[type] !== undefined);
  if (overriding !== undefined) return config.endpointOverrides[overriding] ?? null;
  for (const type of types) {
    const endpoints = token.catalog.find((one) => one.type === type)?.endpoints ?? [];
    const found = endpoints.find(
      (one) =>
        one.interface === config.interface &&
        (config.region === null || one.region === config.region || one.region_id === config.region),
    );
    if (found) return found.url;
  }
  return null;
}

/** The service's base URL with its version, without a slash at the end. @throws ProtocolError */
export function versionedEndpoint(config: CloudConfig, token: Token, service: ServiceName): string {
  const found = findEndpoint(config, token, service);
  if (found === null) {
    const region = config.region === null ? '' : ` in region "${config.region}"`;
    throw new ProtocolError(`the cloud's catalog has no ${config.interface} endpoint of ${service}${region}`);
  }
  if (!URL.canParse(found)) throw new ProtocolError(`the endpoint of ${service} is no URL: ${found}`);
  const bare = found.replace(/\/+$/, '');
  const { version } = SERVICES[service];
  const versioned = /\/v\d+(\.\d+)?(\/|$)/.test(new URL(bare).pathname) ? bare : `${bare}/${version}`;
  // Before 3.67 Cinder's paths need the project; later ones still take it.
  return service === 'volume' && versioned.endsWith('/v3') ? `${versioned}/${token.project.id}` : versioned;
}

/** Where the service's version document lies: Cinder's endpoint, and old ones of Nova, end in the project's id. */
export function versionDocument(endpoint: string): URL {
  return new URL(`${endpoint.replace(/(\/v\d+(?:\.\d+)?)\/.*$/, '$1')}/`);
}
