import type { Instance } from '@guts/core';

const GIB = 2 ** 30;

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
export const several = <T>(most: number, make: (index: number) => T): T[] =>
  Array.from({ length: most }, (_, index) => make(index));

/** Names that instances have their NICs on. */
export const NETWORKS = several(200, (index) => `VLAN ${index}`);
/** Names that instances have their disks on. */
export const DATASTORES = several(40, (index) => `DS ${index}`);
const SYSTEMS = [
  ['debian12_64Guest', 'linux'],
  ['rhel9_64Guest', 'linux'],
  ['windows2019srv_64Guest', 'windows'],
  ['windows11_64Guest', 'windows'],
  ['freebsd13_64Guest', 'other'],
] as const;

/** Instances of many kinds, the same for the same seed. */
export function randomInstances(count: number, seed: number): readonly Instance[] {
  const next = numbers(seed);
  const below = (most: number): number => Math.floor(next() * most);
  const rarely = (share: number): boolean => next() < share;
  function pick<T>(from: readonly T[]): T {
    const one = from[below(from.length)];
    if (one === undefined) throw new RangeError('there is nothing to pick');
    return one;
  }
  const instance = (index: number): Instance => {
    const [guestId, osType] = pick(SYSTEMS);
    const uefi = rarely(0.5);
    const disks = several(1 + below(rarely(0.05) ? 30 : 5), (at) => ({
      key: String(2000 + at),
      objectId: `${index}-${2000 + at}`,
      label: `Hard disk ${at + 1}`,
      capacityBytes: (1 + below(rarely(0.02) ? 4000 : 200)) * GIB + below(3),
      bus: pick(['scsi', 'scsi', 'scsi', 'sata', 'nvme'] as const),
      controller: pick(['pvscsi', 'lsilogic', 'lsisas', 'nvme']),
      datastoreRef: `datastore-${below(DATASTORES.length)}`,
      datastoreName: pick(DATASTORES),
      path: `[DS] m${index}/m${index}_${at}.vmdk`,
      thin: rarely(0.7),
      obstacles: rarely(0.01) ? ['it is a raw device mapping'] : [],
      delta: rarely(0.1),
      independent: rarely(0.02),
      sharedBus: rarely(0.01),
    }));
    const nics = several(below(4), (at) => ({
      key: String(4000 + at),
      label: `Network adapter ${at + 1}`,
      mac: several(6, () => below(256).toString(16).padStart(2, '0')).join(':'),
      model: pick(['vmxnet3', 'vmxnet3', 'e1000', 'e1000e', 'sriovethernetcard']),
      networkRef: null,
      networkName: rarely(0.02) ? 'elsewhere' : pick(NETWORKS),
      connected: rarely(0.97),
      addresses: rarely(0.8)
        ? several(1 + below(3), () => ({
            address: `10.${below(210)}.${below(256)}.${below(256)}`,
            prefix: 16,
            origin: pick(['static', 'dhcp'] as const),
          }))
        : [],
    }));
    return {
      ref: `vm-${index}`,
      name: `machine ${index}${rarely(0.01) ? ' 🚀' : ''}`,
      path: `DC/vm/folder ${below(50)}/machine ${index}`,
      uuid: `uuid-${index}`,
      powerState: pick(['on', 'on', 'on', 'off', 'suspended'] as const),
      connected: rarely(0.99),
      template: rarely(0.02),
      cpus: 1 + below(32),
      coresPerSocket: 1,
      memoryMiB: 512 * (1 + below(128)),
      firmware: uefi ? 'uefi' : 'bios',
      secureBoot: uefi && rarely(0.5),
      tpm: uefi && rarely(0.2),
      encrypted: rarely(0.01),
      guestId,
      guestName: null,
      osType,
      toolsRunning: rarely(0.8),
      changeTracking: { supported: rarely(0.95), enabled: rarely(0.3) },
      snapshotCount: below(3),
      hostRef: `host-${below(100)}`,
      hostName: null,
      disks,
      bootDiskKey: rarely(0.5) ? '2000' : null,
      nics,
      traits: {
        devices: rarely(0.2) ? [{ kind: 'cdrom', label: 'CD 1', backing: 'a.iso', connected: true }] : [],
        faultTolerance: rarely(0.01),
        consolidationNeeded: rarely(0.03),
        cpuHotPlug: rarely(0.3),
        memoryHotPlug: rarely(0.3),
        cpuAffinity: rarely(0.01),
        nestedVirtualization: rarely(0.02),
        diskSerials: rarely(0.3),
        toolsInstalled: rarely(0.9),
        usedBytes: below(200) * GIB,
      },
    };
  };
  return several(count, instance);
}
