import { describe, expect, test } from 'vitest';
import type { Instance } from '../inventory.ts';
import * as base from '../../test/preflight-fixtures.ts';
import { flavor, GIB, network } from '../../test/preflight-fixtures.ts';
import type { MigrationSpec } from '../migration.ts';
import type { DestinationFacts } from '../ports/destination-driver.ts';
import { preflight } from './check.ts';

/** Flavors of which some may only be named, networks of which two have one name, and room for two volumes. */
const facts: DestinationFacts = {
  ...base.facts,
  flavors: [
    flavor('big', 8, 16_384, 80),
    flavor('small', 2, 2048, 20),
    { ...flavor('gpu', 2, 2048, 20), extraSpecs: { 'pci_passthrough:alias': 'gpu:1' } },
    flavor('zero', 2, 2048, 0),
  ],
  networks: [
    network('prod', {
      id: 'net-1',
      subnets: [{ id: 'sub-1', name: 'prod-v4', cidr: '10.0.0.0/24', ipVersion: 4 }],
    }),
    network('twin', { id: 'net-2', subnets: [] }),
    network('twin', { id: 'net-3', subnets: [] }),
  ],
  availabilityZones: { compute: ['az1', 'az2'], volume: ['az1'] },
  quota: { ...base.facts.quota, volumes: 2 },
};
/** With UEFI, two disks of which the second boots, and an address that is no address to keep. */
const instance: Instance = {
  ...base.instance,
  firmware: 'uefi',
  secureBoot: true,
  bootDiskKey: '2001',
  disks: ['2000', '2001'].map((key, index) => ({
    ...base.disk,
    key,
    objectId: `1-${key}`,
    label: `Hard disk ${index + 1}`,
    capacityBytes: 10 * GIB + 1,
    path: `[DS1] web/web_${index}.vmdk`,
  })),
  nics: [
    {
      ...base.nic,
      addresses: [
        { address: '10.0.0.9', prefix: 24 },
        { address: 'fe80::1', prefix: 64 },
      ],
    },
  ],
};
const spec: MigrationSpec = {
  ...base.spec,
  keepIp: true,
  mapping: {
    networks: { 'VM Network': { network: 'prod' } },
    datastores: { DS1: 'fast' },
    nics: {},
    disks: {},
  },
  securityGroups: ['default'],
  properties: { hw_vif_model: 'virtio', os_secure_boot: null },
};
/** What is asked of it here: told findings are those that these tests are about. */
const ABOUT =
  /^(hardware|mapping|flavor|network|subnet|address|disk|nic|name|volume_type|quota|security_group|availability_zone|instance)\./;
const resolveTarget = (one: Instance, asked: MigrationSpec, there: DestinationFacts) => {
  const found = preflight({
    instance: one,
    spec: asked,
    mode: 'cold',
    targetProject: null,
    facts: there,
    held: null,
    bytesPerSecond: null,
  });
  return { ...found, findings: found.findings.filter(({ code, unknown }) => ABOUT.test(code) && !unknown) };
};
const blockers = (s: Partial<MigrationSpec>, i: Partial<Instance> = {}, f: Partial<DestinationFacts> = {}) =>
  resolveTarget({ ...instance, ...i }, { ...spec, ...s }, { ...facts, ...f })
    .findings.filter((finding) => finding.severity === 'blocker')
    .map((finding) => finding.code);

test('a whole plan: boot disk first, sizes rounded up, addresses kept, properties derived and overridden', () => {
  const { plan, findings } = resolveTarget(instance, spec, facts);
  expect(findings.map((finding) => finding.code)).toEqual(['hardware.disk_bus']);
  expect(plan).toMatchObject({
    serverName: 'web 01',
    flavor: { name: 'small' },
    securityGroupIds: ['sg-1'],
    nics: [
      {
        networkId: 'net-1',
        mac: '00:50:56:aa:00:01',
        addresses: [{ subnetId: 'sub-1', address: '10.0.0.9' }],
      },
    ],
    disks: [
      { key: '2001', boot: true, target: 'image', sizeGiB: 11 },
      { key: '2000', boot: false, target: 'volume', sizeGiB: 11, volumeType: 'fast', fill: 'device' },
    ],
  });
  expect(plan?.properties).toEqual({
    hw_firmware_type: 'uefi',
    hw_machine_type: 'q35',
    hw_disk_bus: 'sata',
    hw_vif_model: 'virtio',
    os_type: 'linux',
  });
});

test('a name that Nova refuses is made valid before anything is copied, and told', () => {
  const odd = resolveTarget({ ...instance, name: 'web 🚀' }, spec, facts);
  expect(odd.plan?.serverName).toBe('web');
  expect(odd.findings).toContainEqual(expect.objectContaining({ code: 'name.changed' }));
  const asked = resolveTarget(instance, { ...spec, targetName: ' mine ' }, facts);
  expect(asked.plan?.serverName).toBe('mine');
});

test('secure boot is asked for where the source has it, unless it is left out', () => {
  const asked = (secureBoot: boolean, properties: MigrationSpec['properties'] = {}) =>
    resolveTarget({ ...instance, secureBoot }, { ...spec, properties }, facts).plan?.properties;
  expect(asked(true)).toMatchObject({ os_secure_boot: 'optional' });
  expect(asked(true, { os_secure_boot: 'required' })).toMatchObject({ os_secure_boot: 'required' });
  expect(asked(true, { os_secure_boot: null })).not.toHaveProperty('os_secure_boot');
  expect(asked(false)).not.toHaveProperty('os_secure_boot');
});

describe('the model of NICs', () => {
  const [first] = instance.nics;
  const models = (...all: string[]) =>
    all.map((model, index) => ({ ...first!, key: `400${index}`, mac: `00:50:56:aa:00:1${index}`, model }));
  const resolved = (nics: Instance['nics'], more: Partial<MigrationSpec> = {}) =>
    resolveTarget({ ...instance, nics }, { ...spec, keepIp: false, properties: {}, ...more }, facts);
  const told = ({ findings }: ReturnType<typeof resolved>) =>
    findings.filter((one) => one.code === 'hardware.nic_model');

  test('is kept when all have the same', () => {
    const same = resolved(models('e1000', 'e1000'));
    expect(same.plan?.properties).toMatchObject({ hw_vif_model: 'e1000' });
    expect(told(same)).toEqual([]);
  });

  test('becomes that of the first, and those that change are told', () => {
    const mixed = resolved(models('vmxnet3', 'e1000', 'sriov'));
    expect(mixed.plan?.properties).toMatchObject({ hw_vif_model: 'vmxnet3' });
    expect(told(mixed)).toMatchObject([
      {
        severity: 'warning',
        message: expect.stringMatching(/\(e1000\), .*\(sriov\): the model becomes vmxnet3/),
      },
    ]);
    expect(told(resolved(models('vmxnet3', 'e1000'), { properties: { hw_vif_model: 'virtio' } }))).toEqual(
      [],
    );
  });

  test('is not that of a NIC that is left out, nor of one that is not known', () => {
    const nics = { '4000': { network: 'prod', skip: true } };
    const skipped = resolved(models('e1000', 'vmxnet3'), { mapping: { ...spec.mapping, nics } });
    expect(skipped.plan?.properties).toMatchObject({ hw_vif_model: 'vmxnet3' });
    expect(told(skipped)).toEqual([]);
    expect(resolved(models('sriov', 'e1000')).plan?.properties).toMatchObject({ hw_vif_model: 'e1000' });
    const unknown = resolved(models('sriov'));
    expect(unknown.plan?.properties).not.toHaveProperty('hw_vif_model');
    expect(told(unknown)).toMatchObject([{ message: expect.stringContaining("the cloud's default") }]);
  });
});

test('a BIOS guest keeps its SCSI controller, and its data disks go where Nova can number them', () => {
  const bios: Instance = { ...instance, firmware: 'bios' };
  const { plan } = resolveTarget(bios, spec, facts);
  expect(plan?.properties).toMatchObject({ hw_disk_bus: 'scsi', hw_scsi_model: 'vmpvscsi' });
  expect(plan?.dataDiskBus).toBe('virtio');
  const windows = resolveTarget({ ...bios, osType: 'windows' }, spec, facts);
  expect(windows.plan?.dataDiskBus).toBe('sata');
  const chosen = resolveTarget(bios, { ...spec, properties: { hw_scsi_model: 'virtio-scsi' } }, facts);
  expect(chosen.plan?.dataDiskBus).toBeNull();
  const single = resolveTarget({ ...bios, disks: bios.disks.slice(1) }, spec, facts);
  expect(single.plan?.dataDiskBus).toBeNull();
});

test('what is not mapped, not known, ambiguous or does not fit blocks, with a remedy', () => {
  const map = (network: string) => ({ mapping: { ...spec.mapping, networks: { '*': { network } } } });
  expect(blockers({ mapping: { ...spec.mapping, networks: {} } })).toEqual(['network.unmapped']);
  expect(blockers(map('nowhere'))).toEqual(['network.unknown']);
  expect(blockers(map('twin'))).toEqual(['network.unknown']);
  expect(blockers(map('net-2'))).toEqual(['address.unfit']);
  expect(blockers({ flavor: 'none' })).toEqual(['flavor.unknown']);
  expect(blockers({}, { cpus: 9 })).toEqual(['flavor.none']);
  expect(blockers({ securityGroups: ['x'] })).toEqual(['security_group.unknown']);
  expect(blockers({ mapping: { ...spec.mapping, datastores: { '*': 'slow' } } })).toEqual([
    'volume_type.unknown',
  ]);
  expect(blockers({}, { template: true, encrypted: true })).toEqual([
    'instance.template',
    'instance.encrypted',
  ]);
  expect(blockers({}, { disks: [] })).toEqual(['disk.none']);
  expect(blockers({ bootFrom: 'volume' }, {}, { quota: { ...facts.quota, gigabytes: 21 } })).toEqual([
    'quota.exceeded',
  ]);
});

test('an availability zone is one of those for servers, and for volumes where there are any', () => {
  const only = { disks: instance.disks.slice(1) };
  const unknown = 'availability_zone.unknown';
  expect(blockers({ availabilityZone: 'az1' })).toEqual([]);
  expect(blockers({ availabilityZone: 'az2' })).toEqual([]);
  expect(blockers({ availabilityZone: 'az2' }, only)).toEqual([]);
  expect(blockers({ availabilityZone: 'az2:host-7' }, only)).toEqual([]);
  expect(blockers({ availabilityZone: 'az9' })).toEqual([unknown]);
  // Cinder may fall back to another, which it does not tell.
  const told = (availabilityZone: string, more: Partial<Instance> = {}) =>
    resolveTarget({ ...instance, ...more }, { ...spec, availabilityZone }, facts).findings.filter(
      (finding) => finding.code === unknown,
    );
  expect(told('az2')).toMatchObject([
    { severity: 'warning', message: expect.stringMatching(/'az2' for volumes .* default one if the cloud/) },
  ]);
  expect(told('az2', only)).toEqual([]);
  expect(told('az9')).toMatchObject([{ severity: 'blocker' }, { severity: 'warning' }]);
  const silent = { availabilityZones: { compute: null, volume: null } };
  expect(blockers({ availabilityZone: 'az9' }, {}, silent)).toEqual([]);
});

test('a disk of 0 bytes and a guest without addresses are refused; both can be left out', () => {
  const [first, second] = instance.disks;
  const empty = { disks: [{ ...first!, capacityBytes: 0 }, second!] };
  expect(blockers({}, empty)).toEqual(['disk.empty']);
  expect(blockers({ mapping: { ...spec.mapping, disks: { '2000': { skip: true } } } }, empty)).toEqual([]);
  expect(blockers({ mapping: { ...spec.mapping, disks: { '2001': { skip: true } } } })).toEqual([
    'disk.skipped',
  ]);
  expect(blockers({}, { nics: [{ ...instance.nics[0]!, addresses: [] }] })).toEqual(['address.unknown']);
});

test('special and zero-disk flavors are not chosen by size, but may be named', () => {
  const only = (names: string[]) => ({ flavors: facts.flavors.filter((one) => names.includes(one.name)) });
  expect(blockers({}, {}, only(['gpu']))).toEqual(['flavor.none']);
  expect(blockers({}, {}, only(['zero']))).toEqual(['flavor.none']);
  expect(blockers({}, {}, { ...only(['zero']), admin: true })).toEqual([]);
  expect(blockers({ flavor: 'gpu' })).toEqual([]);
});

describe('keys of the mapping', () => {
  const mapped = (more: Partial<MigrationSpec['mapping']>) =>
    resolveTarget(instance, { ...spec, mapping: { ...spec.mapping, ...more } }, facts);

  test.for(['4000', '00:50:56:AA:00:01', '00-50-56-aa-00-01'])('a NIC is left out as %s', (key) => {
    const { plan, findings } = mapped({ nics: { [key]: { network: 'prod', skip: true } } });
    expect(plan?.nics).toEqual([]);
    expect(findings.map((one) => one.code)).toContain('nic.skipped');
  });

  test.for([
    [
      { nics: { '00:50:56:aa:00:99': { network: 'prod', skip: true } } },
      'mapping.nic_unknown',
      /4000 or 00:50/,
    ],
    [{ nics: { '4001': { network: 'prod' } } }, 'mapping.nic_unknown', /Network adapter 1/],
    [{ disks: { '200': { skip: true } } }, 'mapping.disk_unknown', /2000 \(Hard disk 1\)/],
  ] as const)('%j matches nothing of the instance, and blocks', ([more, code, remedy]) => {
    const { plan, findings } = mapped(more);
    expect(plan).toBeNull();
    expect(findings.filter((one) => one.severity === 'blocker')).toMatchObject([
      { code, remedy: expect.stringMatching(remedy) },
    ]);
  });

  test('of networks and datastores, which many instances share, are only told when unused', () => {
    const { plan, findings } = mapped({
      networks: { '*': { network: 'prod' }, 'VM Netwrok': { network: 'prod' } },
      datastores: { 'datastore-1': 'fast', DS9: 'fast' },
    });
    expect(plan).not.toBeNull();
    expect(findings.filter((one) => one.code === 'mapping.unused')).toMatchObject([
      { severity: 'information', message: expect.stringContaining("networks 'VM Netwrok'") },
      { severity: 'information', message: expect.stringContaining("datastores 'DS9'") },
    ]);
  });
});
