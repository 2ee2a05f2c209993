import { type ObjectProperties, retrieveAll, retrieveOne } from '../collector.ts';
import { isFault, SessionLostError } from '../errors.ts';
import type { VSphereSession } from '../session.ts';
import type { ManagedRef } from '../xml/element.ts';
import { decodeName, PATHS, toContainer, toDatastore, toHost, toMachine, toNetwork } from './records.ts';
import type { Container, Datastore, HostSystem, Network, VirtualMachine } from './types.ts';

/** Everything below the root folder at one time. */
export interface Inventory {
  readonly machines: readonly VirtualMachine[];
  readonly hosts: readonly HostSystem[];
  readonly datastores: readonly Datastore[];
  readonly networks: readonly Network[];
  /** Folders, data centres and vApps, by id. */
  readonly containers: ReadonlyMap<string, Container>;
}

/** Sorts objects of one retrieval into the inventory's lists, one by one: properties of all of them are never held. */
class Sorted implements Inventory {
  readonly machines: VirtualMachine[] = [];
  readonly hosts: HostSystem[] = [];
  readonly datastores: Datastore[] = [];
  readonly networks: Network[] = [];
  readonly containers = new Map<string, Container>();

  add(object: ObjectProperties): void {
    switch (object.ref.type) {
      case 'VirtualMachine':
        this.machines.push(toMachine(object));
        break;
      case 'HostSystem':
        this.hosts.push(toHost(object));
        break;
      case 'Datastore':
        this.datastores.push(toDatastore(object));
        break;
      case 'Folder':
      case 'Datacenter':
      case 'VirtualApp':
        this.containers.set(object.ref.value, toContainer(object));
        break;
      default:
        this.networks.push(toNetwork(object));
    }
  }
}

const READ_TRIES = 3;

/** Reads the whole inventory once; begins anew when the session is lost in the middle. */
export async function readInventory(session: VSphereSession, signal: AbortSignal): Promise<Inventory> {
  for (let tries = 1; ; tries += 1) {
    const found = new Sorted();
    try {
      await retrieveAll(session, PATHS, signal, (object) => found.add(object));
      return found;
    } catch (error) {
      if (!(error instanceof SessionLostError) || tries === READ_TRIES) throw error;
    }
  }
}

/** Null when it does not exist. */
export async function readMachine(
  session: VSphereSession,
  ref: ManagedRef,
  signal: AbortSignal,
): Promise<VirtualMachine | null> {
  const found = await retrieveOne(session, ref, PATHS.VirtualMachine, signal);
  return found && found.properties.size > 0 ? toMachine(found) : null;
}

/** Names of an object's ancestors, the outermost first, without the root folder; read one by one. */
export async function readAncestors(
  session: VSphereSession,
  ref: ManagedRef | null,
  signal: AbortSignal,
): Promise<readonly Container[]> {
  const path: Container[] = [];
  for (let here = ref; here && here.value !== session.content.rootFolder.value;) {
    const found = await readContainer(session, here, signal);
    if (!found) break;
    path.unshift(found);
    here = found.parent;
  }
  return path;
}

async function readContainer(
  session: VSphereSession,
  ref: ManagedRef,
  signal: AbortSignal,
): Promise<Container | null> {
  try {
    const paths = ref.type === 'VirtualApp' ? PATHS.VirtualApp : PATHS.Folder;
    const found = await retrieveOne(session, ref, paths, signal);
    return found ? toContainer(found) : null;
  } catch (error) {
    // A user who sees only a part of the tree may not see all of its ancestors.
    if (isFault(error, 'NoPermission')) return null;
    throw error;
  }
}

/** The name of any managed entity, decoded; null when it cannot be seen. */
export async function readName(
  session: VSphereSession,
  ref: ManagedRef,
  signal: AbortSignal,
): Promise<string | null> {
  const found = await readContainer(session, ref, signal);
  return found ? decodeName(found.name) : null;
}

export async function readHost(
  session: VSphereSession,
  ref: ManagedRef,
  signal: AbortSignal,
): Promise<HostSystem | null> {
  const found = await retrieveOne(session, ref, PATHS.HostSystem, signal);
  return found ? toHost(found) : null;
}

export async function readDatastore(
  session: VSphereSession,
  ref: ManagedRef,
  signal: AbortSignal,
): Promise<Datastore | null> {
  const found = await retrieveOne(session, ref, PATHS.Datastore, signal);
  return found ? toDatastore(found) : null;
}

/** The same from an inventory. */
export function ancestors(inventory: Inventory, ref: ManagedRef | null): readonly Container[] {
  const path: Container[] = [];
  let here = ref ? inventory.containers.get(ref.value) : undefined;
  while (here && path.length < 100) {
    // The root folder alone has no parent.
    if (here.parent === null) break;
    path.unshift(here);
    here = inventory.containers.get(here.parent.value);
  }
  return path;
}
