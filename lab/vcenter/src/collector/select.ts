import { isA, type Inventory, type Managed } from '../model/inventory.ts';
import { invalidArgument, VimFault } from '../soap/faults.ts';
import { data, follow, refsIn, str, type Value } from '../soap/values.ts';
import type { FilterSpec, PropertySpec, Selection, TraversalSpec } from './filter-spec.ts';

/** The objects that a filter selects, in the order of traversal, each once. */
export function selectObjects(inventory: Inventory, spec: FilterSpec): readonly Managed[] {
  const chosen = new Map<string, Managed>();
  for (const start of spec.objectSet) {
    const object = spec.reportMissing ? inventory.find(start.ref) : inventory.get(start.ref);
    if (object === undefined) continue;
    if (!start.skip) choose(spec, chosen, object);
    walk(inventory, spec, chosen, new Set(), object, start.selectSet);
  }
  return [...chosen.values()];
}

function choose(spec: FilterSpec, chosen: Map<string, Managed>, object: Managed): void {
  if (spec.propSet.some((p) => isA(object.ref.type, p.type))) chosen.set(object.ref.id, object);
}

function walk(
  inventory: Inventory,
  spec: FilterSpec,
  chosen: Map<string, Managed>,
  visited: Set<string>,
  from: Managed,
  selections: readonly Selection[],
): void {
  for (const selection of selections) {
    const traversal = resolve(spec, selection);
    if (!isA(from.ref.type, traversal.type)) continue;
    const step = `${from.ref.id} ${traversal.type} ${traversal.path} ${traversal.name ?? ''}`;
    if (traversal.name !== undefined) {
      if (visited.has(step)) continue;
      visited.add(step);
    }
    for (const ref of refsIn(valueAt(from, traversal.path))) {
      const next = inventory.find(ref);
      if (next === undefined) continue;
      if (!traversal.skip) choose(spec, chosen, next);
      walk(inventory, spec, chosen, visited, next, traversal.selectSet);
    }
  }
}

function resolve(spec: FilterSpec, selection: Selection): TraversalSpec {
  if ('traversal' in selection) return selection.traversal;
  const traversal = spec.named.get(selection.named);
  if (traversal === undefined) throw invalidArgument('specSet.objectSet.selectSet.name');
  return traversal;
}

/** What a dotted path gives on an object. */
export function valueAt(object: Managed, path: string, sessionKey?: string): Value | undefined {
  const [first = '', ...rest] = splitPath(path);
  return follow(object.properties[first]?.(sessionKey), rest);
}

function splitPath(path: string): readonly string[] {
  return path.match(/(?:[^.[]|\[[^\]]*\])+/g) ?? [];
}

/** The properties of an object that a filter asks for, by path. @throws VimFault InvalidProperty */
export function readProperties(
  object: Managed,
  propSet: readonly PropertySpec[],
  hidden: ReadonlySet<string>,
  sessionKey?: string,
): ReadonlyMap<string, Value> {
  const found = new Map<string, Value>();
  for (const spec of propSet) {
    if (!isA(object.ref.type, spec.type)) continue;
    for (const path of spec.all ? Object.keys(object.properties) : spec.paths) {
      const name = splitPath(path)[0] ?? '';
      if (!(name in object.properties) && KNOWN_ABSENT[object.ref.type]?.includes(name) !== true) {
        throw new VimFault('InvalidProperty', `The property ${path} is none of ${object.ref.type}.`, {
          name: { kind: 'scalar', type: 'string', text: path },
        });
      }
      if (hidden.has(`${object.ref.type}.${path}`)) continue;
      const value = valueAt(object, path, sessionKey);
      if (value !== undefined) found.set(path, value);
    }
  }
  return found;
}

/** The paths asked for that the user may not read, as a MissingProperty list. @param hidden `Type.path` of those */
export function missingProperties(
  object: Managed,
  propSet: readonly PropertySpec[],
  hidden: ReadonlySet<string>,
): readonly Value[] {
  const paths = propSet.filter((spec) => isA(object.ref.type, spec.type)).flatMap((spec) => spec.paths);
  return [...new Set(paths)]
    .filter((path) => hidden.has(`${object.ref.type}.${path}`))
    .map((path) =>
      data('MissingProperty', {
        path: str(path),
        fault: new VimFault('NoPermission', 'Permission to perform this operation was denied.').localized(),
      }),
    );
}

/** Properties that exist in the schema and are never set here. */
const ENTITY = [
  'alarmActionsEnabled',
  'declaredAlarmState',
  'triggeredAlarmState',
  'disabledMethod',
  'permission',
  'value',
  'availableField',
  'configIssue',
];
const KNOWN_ABSENT: Readonly<Record<string, readonly string[]>> = {
  AuthorizationManager: ['privilegeList', 'roleList', 'description'],
  TaskManager: ['description', 'maxCollector'],
  SessionManager: ['message', 'messageLocaleList', 'supportedLocaleList', 'defaultLocale'],
  Folder: ENTITY,
  Datacenter: [...ENTITY, 'configuration'],
  ClusterComputeResource: [
    ...ENTITY,
    'summary',
    'configuration',
    'configurationEx',
    'environmentBrowser',
    'recommendation',
    'drsRecommendation',
    'migrationHistory',
    'actionHistory',
    'drsFault',
    'scheduledHardwareUpgradeInfo',
  ],
  ResourcePool: [...ENTITY, 'summary', 'runtime', 'config', 'childConfiguration', 'namespace'],
  VirtualApp: [...ENTITY, 'summary', 'runtime', 'config', 'vAppConfig', 'datastore', 'network', 'childLink'],
  HostSystem: [
    ...ENTITY,
    'hardware',
    'config',
    'capability',
    'configManager',
    'licensableResource',
    'datastoreBrowser',
    'systemResources',
    'answerFileValidationState',
    'answerFileValidationResult',
  ],
  Datastore: [...ENTITY, 'browser', 'capability', 'iormConfiguration'],
  Network: ENTITY,
  DistributedVirtualPortgroup: [...ENTITY, 'portKeys'],
  VmwareDistributedVirtualSwitch: [
    ...ENTITY,
    'capability',
    'summary',
    'config',
    'networkResourcePool',
    'runtime',
  ],
  VirtualMachine: [...ENTITY, 'environmentBrowser', 'resourceConfig', 'layout', 'storage'],
};
