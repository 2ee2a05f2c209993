import type { Instance, InstanceNic } from '../inventory.ts';
import type { MigrationSpec, NicMapping } from '../migration.ts';
import type { DestinationFacts, DestinationNetwork, DestinationSubnet } from '../ports/destination-driver.ts';
import { inCidr, isKeepable, parseAddress } from './address.ts';
import { entryOf, foundBy, type Lookup, lookUp } from './lookup.ts';
import { nicKey } from './mapping-keys.ts';
import type { TargetNic } from './target.ts';

/** A NIC and what the mapping says of it. */
export interface MappedNic {
  readonly nic: InstanceNic;
  /** Null: nothing of the mapping is about it. */
  readonly mapping: NicMapping | null;
  /** Left out, as asked. */
  readonly skipped: boolean;
  /** Addresses its port is to have; none: Neutron chooses. */
  readonly wanted: readonly string[];
}

/** Where an address lies. */
export interface PlacedAddress {
  readonly address: string;
  readonly valid: boolean;
  /** Null: in no subnet that was looked at. */
  readonly subnetId: string | null;
}

/** A NIC's place at the destination, as far as it was found. */
export interface PlacedNic extends MappedNic {
  readonly mapping: NicMapping;
  readonly network: Lookup<DestinationNetwork>;
  /** Null: none was named, or its network was not found. */
  readonly subnet: Lookup<DestinationSubnet> | null;
  /** Those that addresses were looked for in. */
  readonly subnets: readonly DestinationSubnet[];
  readonly addresses: readonly PlacedAddress[];
  /** Null: network or subnet were not found. */
  readonly target: TargetNic | null;
}

function mappingOf(nic: InstanceNic, { nics, networks }: MigrationSpec['mapping']): NicMapping | null {
  const byMac = Object.keys(nics).find((key) => nicKey(key) === nicKey(nic.mac));
  return (
    entryOf(nics, nic.key) ??
    entryOf(nics, byMac ?? null) ??
    entryOf(networks, nic.networkRef) ??
    entryOf(networks, nic.networkName) ??
    networks['*'] ??
    null
  );
}

export function mapNics(instance: Instance, spec: MigrationSpec): MappedNic[] {
  return instance.nics.map((nic) => {
    const mapping = mappingOf(nic, spec.mapping);
    const own = spec.keepIp ? nic.addresses.map((one) => one.address).filter(isKeepable) : [];
    return { nic, mapping, skipped: mapping?.skip === true, wanted: mapping?.addresses ?? own };
  });
}

function placeNic(
  mapped: MappedNic,
  mapping: NicMapping,
  spec: MigrationSpec,
  facts: DestinationFacts,
): PlacedNic {
  const { nic, wanted } = mapped;
  const network = lookUp(facts.networks, mapping.network);
  const place = foundBy(network);
  const subnet =
    place === null || mapping.subnet === undefined ? null : lookUp(place.subnets, mapping.subnet);
  const named = subnet && foundBy(subnet);
  const subnets = named ? [named] : (place?.subnets ?? []);
  const found = place !== null && (subnet === null || named !== null);
  const addresses = !found
    ? []
    : wanted.map((address): PlacedAddress => ({
        address,
        valid: parseAddress(address) !== null,
        subnetId: subnets.find((one) => inCidr(address, one.cidr))?.id ?? null,
      }));
  const fixed = addresses.flatMap(({ address, subnetId }) =>
    subnetId === null ? [] : [{ subnetId, address }],
  );
  const target: TargetNic | null = !found
    ? null
    : {
        key: nic.key,
        label: nic.label,
        networkId: place.id,
        networkName: place.name,
        mac: spec.keepMac ? nic.mac : null,
        addresses: wanted.length === 0 && named ? [{ subnetId: named.id }] : fixed,
      };
  return { ...mapped, mapping, network, subnet, subnets, addresses, target };
}

/** The place at the destination of every NIC that is mapped and moved. */
export function placeNics(
  nics: readonly MappedNic[],
  spec: MigrationSpec,
  facts: DestinationFacts,
): PlacedNic[] {
  return nics.flatMap((one) =>
    one.mapping === null || one.skipped ? [] : [placeNic(one, one.mapping, spec, facts)],
  );
}
