import { isA, type Inventory } from '../model/inventory.ts';
import { refOf } from '../collector/filter-spec.ts';
import { boolOf, child, childrenOf } from '../soap/parse.ts';
import { bool, list, refValue, refs, refsIn, str, type Ref } from '../soap/values.ts';
import type { Methods } from '../vim.ts';

export const viewMethods: Methods = {
  CreateContainerView: (call) => {
    const { inventory } = call.vim;
    const container = refOf(child(call.args, 'container'), 'container');
    inventory.get(container);
    const types = childrenOf(call.args, 'type').map((t) => t.text.trim());
    const recursive = boolOf(call.args, 'recursive') ?? false;
    const ref: Ref = {
      type: 'ContainerView',
      id: `session[${call.session?.key ?? ''}]view-${inventory.nextNumber()}`,
    };
    let cached: { at: number; members: readonly Ref[] } | undefined;
    const view = (): readonly Ref[] => {
      if (cached?.at !== inventory.structure) {
        cached = { at: inventory.structure, members: members(inventory, container, types, recursive) };
      }
      return cached.members;
    };
    inventory.add({
      ref,
      properties: {
        container: () => refValue(container),
        type: () => list('string', types.map(str)),
        recursive: () => bool(recursive),
        view: () => refs(view()),
      },
    });
    call.session?.owned.add(ref);
    return refValue(ref);
  },
  DestroyView: (call) => {
    call.vim.inventory.get(call.self);
    call.vim.inventory.remove(call.self);
    call.session?.owned.delete(call.self);
    return undefined;
  },
};

/** Properties by which a container holds others. */
const CONTAINED: Readonly<Record<string, readonly string[]>> = {
  Folder: ['childEntity'],
  Datacenter: ['vmFolder', 'hostFolder', 'datastoreFolder', 'networkFolder'],
  ComputeResource: ['host', 'resourcePool'],
  ClusterComputeResource: ['host', 'resourcePool'],
  ResourcePool: ['resourcePool', 'vm'],
  VirtualApp: ['resourcePool', 'vm'],
  HostSystem: ['vm'],
};

function members(
  inventory: Inventory,
  container: Ref,
  types: readonly string[],
  recursive: boolean,
): readonly Ref[] {
  const found = new Map<string, Ref>();
  const seen = new Set<string>();
  const visit = (ref: Ref, depth: number): void => {
    if (seen.has(ref.id)) return;
    seen.add(ref.id);
    const object = inventory.find(ref);
    if (object === undefined) return;
    if (depth > 0 && (types.length === 0 || types.some((t) => isA(ref.type, t)))) found.set(ref.id, ref);
    if (depth > 0 && !recursive) return;
    for (const name of CONTAINED[ref.type] ?? []) {
      for (const next of refsIn(object.properties[name]?.())) visit(next, depth + 1);
    }
  };
  visit(container, 0);
  return [...found.values()];
}
