import { notFound } from '../http/api-error.ts';
import type { Call } from '../http/service.ts';
import { isAdmin, type Token } from '../identity/state.ts';
import { projectOf, type World } from '../world.ts';
import type { Network } from './state.ts';

/** A member sees its project's networks, and the shared ones. */
export function sees(token: Token, network: Network): boolean {
  return isAdmin(token) || network.shared || network.projectId === projectOf(token);
}

export function visibleNetwork(world: World, call: Call, id: string): Network {
  const network = world.network.networks.get(id);
  if (!network || !sees(call.token, network))
    throw notFound(`Network ${id} could not be found.`, 'NetworkNotFound');
  return network;
}
