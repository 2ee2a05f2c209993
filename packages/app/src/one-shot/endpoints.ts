import {
  type Endpoint,
  type EndpointConfig,
  type EndpointSide,
  type NewEvent,
  PROJECT_LOCAL,
  type Store,
} from '@guts/core';
import type { SealedSecrets } from '../wiring/secrets.ts';
import { namesSource, sourceName } from './source-name.ts';

const SCOPE = { projectId: PROJECT_LOCAL };
const PAGE = 1000;

interface Parts {
  readonly store: Store;
  readonly secrets: SealedSecrets;
  readonly newId: () => string;
}

/** What an earlier run kept the source as; of several that were kept before names were made alike, as it is written now. */
async function keptSource(store: Store, address: string): Promise<Endpoint | undefined> {
  const name = sourceName(address);
  const found: Endpoint[] = [];
  let marker: string | undefined;
  for (;;) {
    const more = marker === undefined ? {} : { marker };
    const page = await store.listEndpoints('source', SCOPE, { limit: PAGE, ...more });
    found.push(...page.filter((one) => namesSource(one.name, name)));
    marker = page.at(-1)?.id;
    if (page.length < PAGE || marker === undefined) break;
  }
  return found.find((one) => one.name === address) ?? found.find((one) => one.name === name) ?? found[0];
}

/** Makes the source of that address, or brings the one of an earlier run up to date. */
export async function keepSource(
  parts: Parts,
  address: string,
  driver: string,
  config: EndpointConfig,
): Promise<Endpoint> {
  const known = await keptSource(parts.store, address);
  return keep(parts, 'source', known, sourceName(address), driver, config);
}

/** Makes the destination of that name, or brings the one of an earlier run up to date. */
export async function keepDestination(
  parts: Parts,
  name: string,
  driver: string,
  config: EndpointConfig,
): Promise<Endpoint> {
  const [known] = await parts.store.listEndpoints('destination', SCOPE, { limit: 1, name });
  return keep(parts, 'destination', known, name, driver, config);
}

async function keep(
  { store, secrets, newId }: Parts,
  side: EndpointSide,
  known: Endpoint | undefined,
  name: string,
  driver: string,
  config: EndpointConfig,
): Promise<Endpoint> {
  const event = (id: string, what: string): NewEvent => ({
    projectId: PROJECT_LOCAL,
    resource: side,
    resourceId: id,
    type: `${side}.${what}`,
    severity: 'information',
    message: `${side} "${known?.name ?? name}" ${what}`,
    data: {},
  });
  const id = known?.id ?? newId();
  const sealedSecret = secrets.seal(config.secret, `${side}:${id}`);
  const { settings } = config;
  if (known) return store.updateEndpoint(side, id, { settings, sealedSecret }, event(id, 'changed'));
  const made = { id, projectId: PROJECT_LOCAL, side, name, driver, settings, sealedSecret };
  return store.createEndpoint(made, event(id, 'created'));
}
