import { createHash, randomUUID } from 'node:crypto';
import {
  bool,
  data,
  enumeration,
  int,
  list,
  long,
  refs,
  refValue,
  short,
  str,
  sub,
  time,
  type Ref,
  type Value,
} from '../soap/values.ts';
import type { Settings } from '../options.ts';
import type { Inventory, Properties } from './inventory.ts';
import type { Lookup, NetworkTarget } from './machine-devices.ts';
import { escapedName } from './names.ts';

export interface HostIdentity {
  readonly name: string;
  readonly port: number;
  readonly sslThumbprint: string;
}

interface FolderNode {
  readonly ref: Ref;
  readonly children: Ref[];
}

/** The datacenter around the machines: folders, cluster, hosts, datastores and networks. */
export class World implements Lookup {
  readonly root: FolderNode;
  readonly vmFolder: FolderNode;
  readonly pool: Ref = { type: 'ResourcePool', id: 'resgroup-8' };
  readonly hosts: Ref[] = [];
  readonly datacenterName: string;
  readonly #inventory: Inventory;
  readonly #folders = new Map<string, FolderNode>();
  readonly #named = new Map<string, FolderNode>();
  readonly #vApps = new Map<string, FolderNode>();
  readonly #clusterRef: Ref = { type: 'ClusterComputeResource', id: 'domain-c7' };
  readonly #datastores = new Map<string, Ref>();
  readonly #networks = new Map<string, NetworkTarget>();
  readonly #machinesOf: () => readonly Ref[];

  constructor(
    inventory: Inventory,
    settings: Settings,
    esxi: HostIdentity,
    machinesOf: () => readonly Ref[],
  ) {
    this.#inventory = inventory;
    this.#machinesOf = machinesOf;
    this.datacenterName = settings.datacenter;
    const datacenter: Ref = { type: 'Datacenter', id: 'datacenter-2' };
    this.root = this.#folder('group-d1', 'Datacenters', undefined, ['Datacenter', 'Folder']);
    this.vmFolder = this.#folder('group-v3', 'vm', datacenter, ['Folder', 'VirtualMachine', 'VirtualApp']);
    const hostFolder = this.#folder('group-h4', 'host', datacenter, ['Folder', 'ComputeResource']);
    const storeFolder = this.#folder('group-s5', 'datastore', datacenter, ['Folder', 'Datastore']);
    const netFolder = this.#folder('group-n6', 'network', datacenter, [
      'Folder',
      'Network',
      'DistributedVirtualSwitch',
    ]);
    this.root.children.push(datacenter);
    for (const spec of settings.datastores) storeFolder.children.push(this.#datastore(spec, storeFolder.ref));
    for (const spec of settings.networks) netFolder.children.push(...this.#network(spec, netFolder.ref));
    const cluster = this.#clusterRef;
    for (let n = 0; n < settings.hosts; n += 1) this.hosts.push(this.#host(n, esxi, cluster));
    hostFolder.children.push(cluster);
    this.#cluster(cluster, hostFolder.ref);
    this.#entity(datacenter, settings.datacenter, this.root.ref, {
      vmFolder: () => refValue(this.vmFolder.ref),
      hostFolder: () => refValue(hostFolder.ref),
      datastoreFolder: () => refValue(storeFolder.ref),
      networkFolder: () => refValue(netFolder.ref),
      datastore: () => refs([...this.#datastores.values()]),
      network: () => refs(this.#networkRefs()),
    });
  }

  datastore(name: string): Ref | undefined {
    return this.#datastores.get(name);
  }

  network(name: string): NetworkTarget | undefined {
    return this.#networks.get(name);
  }

  get datastoreNames(): readonly string[] {
    return [...this.#datastores.keys()];
  }

  /** The folder at a path below the vm folder, made where it is missing. */
  folderAt(path: readonly string[]): FolderNode {
    let at = this.vmFolder;
    for (const [depth, name] of path.entries()) {
      const key = JSON.stringify(path.slice(0, depth + 1));
      let next = this.#named.get(key);
      if (next === undefined) {
        next = this.#folder(`group-v${this.#inventory.nextNumber()}`, name, at.ref, [
          'Folder',
          'VirtualMachine',
        ]);
        this.#named.set(key, next);
        at.children.push(next.ref);
        this.#inventory.restructured();
      }
      at = next;
    }
    return at;
  }

  /** The vApp of a name in a folder, made where it is missing; it runs in the one pool. */
  vAppIn(folder: Ref, name: string): Ref {
    const key = `${folder.id} ${name}`;
    const known = this.#vApps.get(key);
    if (known !== undefined) return known.ref;
    const ref: Ref = { type: 'VirtualApp', id: `resgroup-v${this.#inventory.nextNumber()}` };
    const node: FolderNode = { ref, children: [] };
    this.#vApps.set(key, node);
    this.#entity(ref, name, this.pool, {
      parentFolder: () => refValue(folder),
      vm: () => refs(node.children),
      resourcePool: () => refs([]),
      owner: () => refValue(this.#clusterRef),
    });
    this.attach(folder, ref);
    this.#inventory.restructured();
    return ref;
  }

  /** Puts something into a folder or vApp, or takes it out. */
  attach(holder: Ref, child: Ref): void {
    this.#holder(holder)?.children.push(child);
    this.#inventory.touch(holder);
  }

  detach(holder: Ref, child: Ref): void {
    const children = this.#holder(holder)?.children;
    const at = children?.findIndex((ref) => ref.id === child.id) ?? -1;
    if (at >= 0) children?.splice(at, 1);
    this.#inventory.touch(holder);
  }

  #holder({ id }: Ref): FolderNode | undefined {
    return this.#folders.get(id) ?? [...this.#vApps.values()].find((node) => node.ref.id === id);
  }

  #networkRefs(): readonly Ref[] {
    return [...this.#networks.values()].map((n) => n.ref);
  }

  #entity(ref: Ref, name: string, parent: Ref | undefined, properties: Properties): void {
    this.#inventory.add({
      ref,
      properties: {
        name: () => str(escapedName(name)),
        parent: () => (parent === undefined ? undefined : refValue(parent)),
        overallStatus: () => enumeration('ManagedEntityStatus', 'green'),
        configStatus: () => enumeration('ManagedEntityStatus', 'green'),
        effectiveRole: () => list('int', [int(-1)]),
        customValue: () => list('CustomFieldValue', []),
        recentTask: () => refs([]),
        tag: () => list('Tag', []),
        ...properties,
      },
    });
  }

  #folder(id: string, name: string, parent: Ref | undefined, types: readonly string[]): FolderNode {
    const node: FolderNode = { ref: { type: 'Folder', id }, children: [] };
    this.#folders.set(id, node);
    this.#entity(node.ref, name, parent, {
      childEntity: () => refs(node.children),
      childType: () => list('string', types.map(str)),
    });
    return node;
  }

  #datastore(spec: Settings['datastores'][number], parent: Ref): Ref {
    const ref: Ref = { type: 'Datastore', id: `datastore-${10 + this.#datastores.size}` };
    this.#datastores.set(spec.name, ref);
    const capacity = spec.capacityBytes ?? 2 ** 40;
    const volume = createHash('sha1').update(spec.name).digest('hex').slice(0, 16);
    const url = `ds:///vmfs/volumes/${volume}/`;
    this.#entity(ref, spec.name, parent, {
      summary: () =>
        data('DatastoreSummary', {
          datastore: refValue(ref),
          name: str(escapedName(spec.name)),
          url: str(url),
          capacity: long(capacity),
          freeSpace: long(Math.floor(capacity / 2)),
          accessible: bool(true),
          multipleHostAccess: bool(true),
          type: str(spec.type),
          maintenanceMode: str('normal'),
        }),
      info: () =>
        sub(spec.type === 'VMFS' ? 'VmfsDatastoreInfo' : 'NasDatastoreInfo', {
          name: str(spec.name),
          url: str(url),
          freeSpace: long(Math.floor(capacity / 2)),
          maxFileSize: long(2 ** 46),
          timestamp: time(new Date(0)),
          ...(spec.type === 'VMFS'
            ? {
                vmfs: data('HostVmfsVolume', {
                  type: str('VMFS'),
                  name: str(spec.name),
                  capacity: long(capacity),
                  blockSizeMb: int(1),
                  maxBlocks: int(63_963_136),
                  majorVersion: int(6),
                  version: str('6.82'),
                  uuid: str(volume),
                  extent: data('HostScsiDiskPartition', {
                    diskName: str(`naa.${volume}`),
                    partition: int(1),
                  }),
                  vmfsUpgradable: bool(false),
                }),
              }
            : {
                nas: data('HostNasVolume', {
                  type: str('NFS'),
                  name: str(spec.name),
                  capacity: long(capacity),
                  remoteHost: str('192.0.2.250'),
                  remotePath: str(`/export/${spec.name}`),
                }),
              }),
        }),
      host: () => list('DatastoreHostMount', []),
      vm: () => refs(this.#machinesOf()),
    });
    return ref;
  }

  #network(spec: Settings['networks'][number], parent: Ref): readonly Ref[] {
    const n = 20 + this.#networks.size * 2;
    const distributed = spec.kind === 'distributed';
    const ref: Ref = distributed
      ? { type: 'DistributedVirtualPortgroup', id: `dvportgroup-${n}` }
      : { type: 'Network', id: `network-${n}` };
    const switchRef: Ref = { type: 'VmwareDistributedVirtualSwitch', id: `dvs-${n + 1}` };
    const switchUuid = randomUUID();
    this.#networks.set(spec.name, {
      ref,
      name: spec.name,
      ...(distributed ? { portgroup: { key: ref.id, switchUuid } } : {}),
    });
    const summary = (): Value =>
      data('NetworkSummary', {
        network: refValue(ref),
        name: str(escapedName(spec.name)),
        accessible: bool(true),
        ipPoolName: str(''),
      });
    this.#entity(ref, spec.name, parent, {
      summary,
      host: () => refs(this.hosts),
      vm: () => refs(this.#machinesOf()),
      ...(distributed
        ? {
            key: () => str(ref.id),
            config: () =>
              data('DVPortgroupConfigInfo', {
                key: str(ref.id),
                name: str(escapedName(spec.name)),
                numPorts: int(8),
                distributedVirtualSwitch: refValue(switchRef),
                type: str('earlyBinding'),
              }),
          }
        : {}),
    });
    if (!distributed) return [ref];
    this.#entity(switchRef, `switch of ${spec.name}`, parent, {
      uuid: () => str(switchUuid),
      portgroup: () => refs([ref]),
    });
    return [ref, switchRef];
  }

  #host(n: number, esxi: HostIdentity, parent: Ref): Ref {
    const ref: Ref = { type: 'HostSystem', id: `host-${40 + n}` };
    const name = n === 0 ? esxi.name : `esxi${n + 1}.example.org`;
    this.#entity(ref, name, parent, {
      summary: () =>
        data('HostListSummary', {
          host: refValue(ref),
          hardware: data('HostHardwareSummary', {
            vendor: str('GUTS lab'),
            model: str('fake host'),
            uuid: str(`00000000-0000-0000-0000-00000000000${n % 10}`),
            memorySize: long(2 ** 37),
            cpuModel: str('fake CPU'),
            cpuMhz: int(2400),
            numCpuPkgs: short(2),
            numCpuCores: short(32),
            numCpuThreads: short(64),
            numNics: int(2),
            numHBAs: int(1),
          }),
          runtime: data('HostRuntimeInfo', {
            connectionState: enumeration('HostSystemConnectionState', 'connected'),
            powerState: enumeration('HostSystemPowerState', 'poweredOn'),
            inMaintenanceMode: bool(false),
          }),
          config: data('HostConfigSummary', {
            name: str(name),
            port: int(esxi.port),
            sslThumbprint: str(esxi.sslThumbprint),
            product: product('VMware ESXi', 'VMware ESXi 8.0.2', 'embeddedEsx', 'HostAgent'),
            vmotionEnabled: bool(false),
          }),
          quickStats: data('HostListSummaryQuickStats', {}),
          overallStatus: enumeration('ManagedEntityStatus', 'green'),
          rebootRequired: bool(false),
        }),
      runtime: () =>
        data('HostRuntimeInfo', {
          connectionState: enumeration('HostSystemConnectionState', 'connected'),
          powerState: enumeration('HostSystemPowerState', 'poweredOn'),
          inMaintenanceMode: bool(false),
        }),
      vm: () => refs(n === 0 ? this.#machinesOf() : []),
      datastore: () => refs([...this.#datastores.values()]),
      network: () => refs(this.#networkRefs()),
    });
    return ref;
  }

  #cluster(ref: Ref, parent: Ref): void {
    this.#entity(ref, 'cluster1', parent, {
      host: () => refs(this.hosts),
      datastore: () => refs([...this.#datastores.values()]),
      network: () => refs(this.#networkRefs()),
      resourcePool: () => refValue(this.pool),
    });
    this.#entity(this.pool, 'Resources', ref, {
      vm: () => refs(this.#machinesOf().filter((one) => !this.#isMember(one))),
      resourcePool: () => refs([...this.#vApps.values()].map((node) => node.ref)),
      owner: () => refValue(ref),
    });
  }

  #isMember({ id }: Ref): boolean {
    return [...this.#vApps.values()].some((node) => node.children.some((one) => one.id === id));
  }
}

/** AboutInfo of a product. */
export function product(
  name: string,
  fullName: string,
  productLine: string,
  apiType: string,
  api = '8.0.2.0',
): Value {
  return data('AboutInfo', {
    name: str(name),
    fullName: str(fullName),
    vendor: str('VMware, Inc.'),
    version: str(api.split('.').slice(0, 3).join('.')),
    build: str('22617221'),
    localeVersion: str('INTL'),
    localeBuild: str('000'),
    osType: str(apiType === 'VirtualCenter' ? 'linux-x64' : 'vmnix-x86'),
    productLineId: str(productLine),
    apiType: str(apiType),
    apiVersion: str(api),
    instanceUuid: str('7b6f8d1e-6f7e-4c7b-9a55-0123456789ab'),
  });
}
