import {
  type Endpoint,
  type EndpointConfig,
  type EndpointSide,
  type NewEvent,
  PROJECT_LOCAL,
  type Store,
} from '@guts/core';
import type { SealedSecrets } from '../wiring/secrets.ts';

/** Makes the source or destination of that name, or brings the one of an earlier run up to date. */
export async function keepEndpoint(
  parts: { readonly store: Store; readonly secrets: SealedSecrets; readonly newId: () => string },
  side: EndpointSide,
  name: string,
  driver: string,
  config: EndpointConfig,
): Promise<Endpoint> {
  const { store, secrets, newId } = parts;
  const event = (id: string, what: string): NewEvent => ({
    projectId: PROJECT_LOCAL,
    resource: side,
    resourceId: id,
    type: `${side}.${what}`,
    severity: 'information',
    message: `${side} "${name}" ${what}`,
    data: {},
  });
  const [known] = await store.listEndpoints(side, { projectId: PROJECT_LOCAL }, { limit: 1, name });
  const id = known?.id ?? newId();
  const sealedSecret = secrets.seal(config.secret, `${side}:${id}`);
  const { settings } = config;
  if (known) return store.updateEndpoint(side, id, { settings, sealedSecret }, event(id, 'changed'));
  const made = { id, projectId: PROJECT_LOCAL, side, name, driver, settings, sealedSecret };
  return store.createEndpoint(made, event(id, 'created'));
}
