import type { Instance, InstanceNic } from '../inventory.ts';
import type { MigrationSpec, NicMapping } from '../migration.ts';
import type { DestinationFacts, DestinationNetwork, DestinationSubnet } from '../ports/destination-driver.ts';
import type { Finding } from '../preflight-finding.ts';
import { inCidr, isKeepable, parseAddress } from './address.ts';
import { nicKey } from './mapping-keys.ts';
import type { TargetNic } from './target.ts';

type Resolved<T> = { readonly value: T } | { readonly finding: Finding };

function mappingOf(nic: InstanceNic, spec: MigrationSpec): NicMapping | null {
  const { nics, networks } = spec.mapping;
  const byMac = Object.keys(nics).find((key) => nicKey(key) === nicKey(nic.mac));
  return (
    nics[nic.key] ??
    (byMac === undefined ? undefined : nics[byMac]) ??
    (nic.networkRef === null ? undefined : networks[nic.networkRef]) ??
    (nic.networkName === null ? undefined : networks[nic.networkName]) ??
    networks['*'] ??
    null
  );
}

function byNameOrId<T extends { id: string; name: string }>(
  all: readonly T[],
  wanted: string,
  what: string,
  subject: string,
): Resolved<T> {
  const byId = all.find((one) => one.id === wanted);
  if (byId) return { value: byId };
  const named = all.filter((one) => one.name === wanted);
  const [first] = named;
  if (first && named.length === 1) return { value: first };
  const message =
    named.length === 0
      ? `the destination has no ${what} '${wanted}' that the target project sees`
      : `${named.length} ${what}s are called '${wanted}'`;
  const remedy =
    named.length === 0
      ? `Name one of: ${all.map((one) => one.name || one.id).join(', ') || '(there are none)'}.`
      : `Give the id of one: ${named.map((one) => one.id).join(', ')}.`;
  return { finding: { severity: 'blocker', code: `${what}.unknown`, subject, message, remedy } };
}

function wantedAddresses(nic: InstanceNic, mapping: NicMapping, keepIp: boolean): readonly string[] {
  if (mapping.addresses) return mapping.addresses;
  return keepIp ? nic.addresses.map((one) => one.address).filter(isKeepable) : [];
}

function placeAddress(
  address: string,
  subnets: readonly DestinationSubnet[],
  network: DestinationNetwork,
  subject: string,
): Resolved<{ subnetId: string; address: string }> {
  const fail = (message: string, remedy: string): Resolved<never> => ({
    finding: { severity: 'blocker', code: 'address.unfit', subject, message, remedy },
  });
  if (!parseAddress(address)) return fail(`'${address}' is not an IP address`, 'Correct the mapping.');
  const subnet = subnets.find((one) => inCidr(address, one.cidr));
  if (subnet) return { value: { subnetId: subnet.id, address } };
  return fail(
    `${address} lies in no subnet of network ${network.name} (${subnets.map((one) => one.cidr).join(', ') || 'it has none'})`,
    'Map the NIC to a network with that subnet, name other addresses, or do not keep addresses.',
  );
}

function planNic(
  nic: InstanceNic,
  mapping: NicMapping,
  spec: MigrationSpec,
  facts: DestinationFacts,
): { nic: TargetNic | null; findings: Finding[] } {
  const subject = `nic:${nic.key}`;
  const network = byNameOrId(facts.networks, mapping.network, 'network', subject);
  if ('finding' in network) return { nic: null, findings: [network.finding] };
  let subnets = network.value.subnets;
  const addresses: { subnetId?: string; address?: string }[] = [];
  const findings: Finding[] = [];
  if (mapping.subnet !== undefined) {
    const subnet = byNameOrId(subnets, mapping.subnet, 'subnet', subject);
    if ('finding' in subnet) return { nic: null, findings: [subnet.finding] };
    subnets = [subnet.value];
    addresses.push({ subnetId: subnet.value.id });
  }
  const wanted = wantedAddresses(nic, mapping, spec.keepIp);
  if (wanted.length > 0) addresses.length = 0;
  for (const address of wanted) {
    const placed = placeAddress(address, subnets, network.value, subject);
    if ('finding' in placed) findings.push(placed.finding);
    else addresses.push(placed.value);
  }
  if (spec.keepIp && wanted.length === 0) {
    findings.push({
      severity: 'blocker',
      code: 'address.unknown',
      subject,
      message: `addresses are to be kept, but the guest reports none for ${nic.label} (${nic.mac})`,
      remedy: 'Start the guest with VMware Tools once and refresh, or give the addresses in the mapping.',
    });
  }
  if (network.value.subnets.length === 0) {
    findings.push({
      severity: 'warning',
      code: 'network.no_subnet',
      subject,
      message: `network ${network.value.name} has no subnet: ${nic.label} gets no address`,
    });
  }
  if (network.value.shared && !network.value.own && !facts.admin && (spec.keepMac || addresses.length > 0)) {
    findings.push({
      severity: 'warning',
      code: 'network.policy',
      subject,
      message: `network ${network.value.name} is shared and not the target project's own: Neutron's default policy refuses members a MAC or IP address of their choice there`,
      remedy: 'Map to a network of the project, do not keep MAC and IP, or use a credential that may.',
    });
  }
  const { key, label } = nic;
  const mac = spec.keepMac ? nic.mac : null;
  const { id: networkId, name: networkName } = network.value;
  return { nic: { key, label, networkId, networkName, mac, addresses }, findings };
}

/** Every NIC's place at the destination; unmapped ones are blockers. */
export function planNics(
  instance: Instance,
  spec: MigrationSpec,
  facts: DestinationFacts,
): { nics: TargetNic[]; findings: Finding[] } {
  const nics: TargetNic[] = [];
  const findings: Finding[] = [];
  for (const nic of instance.nics) {
    const mapping = mappingOf(nic, spec);
    if (mapping?.skip === true) {
      findings.push({
        severity: 'information',
        code: 'nic.skipped',
        subject: `nic:${nic.key}`,
        message: `${nic.label} is left out, as asked`,
      });
      continue;
    }
    if (!mapping) {
      findings.push({
        severity: 'blocker',
        code: 'network.unmapped',
        subject: `nic:${nic.key}`,
        message: `network '${nic.networkName ?? nic.networkRef ?? '?'}' of ${nic.label} (${nic.mac}) is not mapped`,
        remedy: `Map it with --network '${nic.networkName ?? 'SOURCE'}=DESTINATION'; the destination has: ${
          facts.networks.map((one) => one.name || one.id).join(', ') || '(no networks)'
        }.`,
      });
      continue;
    }
    const planned = planNic(nic, mapping, spec, facts);
    findings.push(...planned.findings);
    if (planned.nic) nics.push(planned.nic);
  }
  if (instance.nics.length === 0) {
    findings.push({
      severity: 'warning',
      code: 'nic.none',
      subject: 'instance',
      message: 'the instance has no NIC: the server will have none',
    });
  }
  return { nics, findings };
}
