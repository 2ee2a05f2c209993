import { refOf } from '../collector/filter-spec.ts';
import { child, childrenOf, textOf } from '../soap/parse.ts';
import { plainName } from '../model/names.ts';
import { valueAt } from '../collector/select.ts';
import { bool, data, list, refValue, refs, refsIn, str, type Ref, type Value } from '../soap/values.ts';
import type { Call, Methods } from '../vim.ts';

/** AuthorizationManager and SearchIndex. */
export const managerMethods: Methods = {
  HasPrivilegeOnEntities: (call) => {
    const asked = privileges(call);
    return list(
      'EntityPrivilege',
      childrenOf(call.args, 'entity').map((node) =>
        data('EntityPrivilege', {
          entity: refValue(call.vim.inventory.get(refOf(node, 'entity')).ref),
          privAvailability: list(
            'PrivilegeAvailability',
            asked.map((id) =>
              data('PrivilegeAvailability', {
                privId: str(id),
                isGranted: bool(granted(call, id, refOf(node, 'entity'))),
              }),
            ),
          ),
        }),
      ),
    );
  },
  HasPrivilegeOnEntity: (call) => {
    call.vim.inventory.get(refOf(child(call.args, 'entity'), 'entity'));
    return list(
      'boolean',
      privileges(call).map((id) => bool(granted(call, id))),
    );
  },
  FetchUserPrivilegeOnEntities: (call) =>
    list(
      'UserPrivilegeResult',
      childrenOf(call.args, 'entities').map((node) =>
        data('UserPrivilegeResult', {
          entity: refValue(call.vim.inventory.get(refOf(node, 'entities')).ref),
          privileges: list('string', PRIVILEGES.filter((id) => granted(call, id)).map(str)),
        }),
      ),
    ),
  FindByUuid: (call) => {
    const uuid = textOf(call.args, 'uuid')?.trim().toLowerCase();
    const byInstance = textOf(call.args, 'instanceUuid')?.trim() === 'true';
    for (const machine of call.vim.machines.values()) {
      if ((byInstance ? machine.instanceUuid : machine.uuid) === uuid) return refValue(machine.ref);
    }
    return undefined;
  },
  FindByInventoryPath: (call) => {
    const parts = (textOf(call.args, 'inventoryPath') ?? '').split('/').filter((part) => part !== '');
    let at: Ref | undefined = call.vim.world.root.ref;
    for (const part of parts) at = at === undefined ? undefined : childNamed(call, at, plainName(part));
    return at === undefined ? undefined : refValue(at);
  },
  FindChild: (call) => {
    const found = childNamed(
      call,
      refOf(child(call.args, 'entity'), 'entity'),
      plainName(textOf(call.args, 'name') ?? ''),
    );
    return found === undefined ? undefined : refValue(found);
  },
  RetrieveEntityPermissions: () => list('Permission', []),
  FindAllByUuid: (call) => {
    const uuid = textOf(call.args, 'uuid')?.trim().toLowerCase();
    const byInstance = textOf(call.args, 'instanceUuid')?.trim() === 'true';
    const found = [...call.vim.machines.values()].filter(
      (m) => (byInstance ? m.instanceUuid : m.uuid) === uuid,
    );
    return refs(found.map((m) => m.ref));
  },
};

const CHILDREN: Readonly<Record<string, readonly string[]>> = {
  Datacenter: ['vmFolder', 'hostFolder', 'datastoreFolder', 'networkFolder'],
  VirtualApp: ['vm'],
};

function childNamed(call: Call, parent: Ref, name: string): Ref | undefined {
  const object = call.vim.inventory.get(parent);
  const paths = CHILDREN[parent.type] ?? ['childEntity'];
  for (const ref of paths.flatMap((path) => refsIn(valueAt(object, path)))) {
    const found = call.vim.inventory.find(ref);
    const own: Value | undefined = found === undefined ? undefined : valueAt(found, 'name');
    if (own?.kind === 'scalar' && plainName(own.text) === name) return ref;
  }
  return undefined;
}

function privileges(call: Call): readonly string[] {
  return childrenOf(call.args, 'privId').map((node) => node.text.trim());
}

function granted(call: Call, id: string, on?: Ref): boolean {
  const { missingPrivileges } = call.vim.settings;
  return !missingPrivileges.includes(id) && !(on && missingPrivileges.includes(`${id}@${on.id}`));
}

/** Those that a migration may ask about, as FetchUserPrivilegeOnEntities names them. */
const PRIVILEGES = [
  'System.Anonymous',
  'System.Read',
  'System.View',
  'Datastore.Browse',
  'Datastore.FileManagement',
  'VirtualMachine.Config.Annotation',
  'VirtualMachine.Config.ChangeTracking',
  'VirtualMachine.Config.EditDevice',
  'VirtualMachine.Config.Rename',
  'VirtualMachine.Interact.DeviceConnection',
  'VirtualMachine.Interact.PowerOff',
  'VirtualMachine.Interact.PowerOn',
  'VirtualMachine.Provisioning.DiskRandomRead',
  'VirtualMachine.Provisioning.GetVmFiles',
  'VirtualMachine.State.CreateSnapshot',
  'VirtualMachine.State.RemoveSnapshot',
  'VApp.Export',
] as const;
