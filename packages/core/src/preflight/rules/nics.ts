import type { InstanceNic } from '../../inventory.ts';
import { foundBy, type Lookup } from '../../plan/lookup.ts';
import type { PlacedNic } from '../../plan/networks.ts';
import type { DestinationFacts } from '../../ports/destination-driver.ts';
import type { DestinationRule, InstanceRule, PortsRule, Told } from '../rule.ts';
import { untold, when } from '../rule.ts';

const about = ({ key }: Pick<InstanceNic, 'key'>): string => `nic:${key}`;
const networkNames = ({ networks }: DestinationFacts): string =>
  networks.map((one) => one.name || one.id).join(', ');

const none: InstanceRule = {
  id: 'nic.none',
  title: 'The instance has no NIC',
  severities: ['warning'],
  explanation: 'Nothing joins it to a network; the target will be as alone.',
  remedy: 'Give the server a port after the move when it needs one.',
  needs: 'instance',
  check: ({ instance }) =>
    when(instance.nics.length === 0, () => ({
      message: 'the instance has no NIC: the server will have none',
    })),
};

const skipped: InstanceRule = {
  id: 'nic.skipped',
  title: 'A NIC is left out',
  severities: ['information'],
  explanation: 'The target has no port for the NIC, as the mapping says.',
  remedy: 'Take it out of the mapping (--skip-nic) to have it moved.',
  needs: 'instance',
  check: ({ mappedNics }) =>
    mappedNics
      .filter((one) => one.skipped)
      .map(({ nic }) => ({ subject: about(nic), message: `${nic.label} is left out, as asked` })),
};

const disconnected: InstanceRule = {
  id: 'nic.disconnected',
  title: 'A NIC is not connected',
  severities: ['warning'],
  explanation:
    'Somebody keeps the link of the NIC down at the source. The port of the target is up: what was kept off the network is on it.',
  remedy: 'Leave the NIC out (--skip-nic), or see that nothing is in the way of it on that network.',
  needs: 'instance',
  check: ({ nics }) =>
    nics
      .filter((nic) => !nic.connected)
      .map((nic) => ({
        subject: about(nic),
        message: `${nic.label} is not connected; the target's will be`,
      })),
};

const macMissing: InstanceRule = {
  id: 'nic.mac_missing',
  title: 'A NIC has no MAC address',
  severities: ['blocker'],
  explanation: 'The source tells no MAC address to keep: the NIC never had one, or it may not be seen.',
  remedy: 'Start the machine once at the source, or let Neutron choose (--no-keep-mac).',
  needs: 'instance',
  check: ({ nics, spec }) =>
    nics
      .filter((nic) => spec.keepMac && nic.mac === '')
      .map((nic) => ({ subject: about(nic), message: `${nic.label} has no MAC address that could be kept` })),
};

const isStatic = (nic: InstanceNic): string[] =>
  nic.addresses.filter((one) => one.origin === 'static').map((one) => one.address);
const staticAddress: InstanceRule = {
  id: 'address.static',
  title: 'A static address is not kept',
  severities: ['warning'],
  explanation:
    "The guest has a static address, and Neutron is to choose one for its port. The guest keeps its own, and Neutron's port security drops what comes from an address that the port does not have: it is not reachable.",
  remedy:
    'Keep addresses (--keep-ip), give them in the mapping (--nic MAC=NETWORK@ADDRESS), or set the guest to DHCP.',
  needs: 'instance',
  check: ({ mappedNics }) =>
    mappedNics
      .filter(({ nic, skipped: out, wanted }) => !out && wanted.length === 0 && isStatic(nic).length > 0)
      .map(({ nic }) => ({
        subject: about(nic),
        message: `${nic.label} has the static address ${isStatic(nic).join(', ')}, which its port will not have`,
      })),
};

const untoldAddress: InstanceRule = {
  id: 'address.untold',
  title: 'The addresses of the guest are not told',
  severities: ['information'],
  explanation:
    'Only VMware Tools of a running guest tell its addresses. Whether it has a static one, which a port that Neutron chooses an address for would cut off, is not known.',
  remedy: 'Refresh the source while the guest runs with VMware Tools, or give its addresses in the mapping.',
  needs: 'instance',
  check: ({ mappedNics, spec }) =>
    spec.keepIp
      ? []
      : mappedNics
          .filter(({ skipped: out, wanted }) => !out && wanted.length === 0)
          .filter(
            ({ nic }) => nic.addresses.length === 0 || nic.addresses.every((one) => one.origin === undefined),
          )
          .map(({ nic }) =>
            untold(
              nic.addresses.length === 0
                ? `the guest tells no address of ${nic.label}: whether it is a static one is not known`
                : `whether ${nic.addresses.map((one) => one.address).join(', ')} of ${nic.label} is static is not told`,
              { subject: about(nic) },
            ),
          ),
};

const unmapped: DestinationRule = {
  id: 'network.unmapped',
  title: 'A network is not mapped',
  severities: ['blocker'],
  explanation:
    'Nothing says to which network of the destination the NIC is to be joined; no network is guessed.',
  remedy: 'Map the network (--network SOURCE=DESTINATION), or leave the NIC out (--skip-nic).',
  needs: 'destination',
  check: ({ mappedNics, facts }) =>
    mappedNics
      .filter((one) => one.mapping === null)
      .map(({ nic }) => ({
        subject: about(nic),
        message: `network '${nic.networkName ?? nic.networkRef ?? '?'}' of ${nic.label} (${nic.mac}) is not mapped`,
        remedy: `Map it with --network '${nic.networkName ?? 'SOURCE'}=DESTINATION'; the destination has: ${networkNames(facts) || '(no networks)'}.`,
      })),
};

function lookupTold(what: string, found: Lookup<{ readonly id: string; readonly name: string }>): Told[] {
  const { wanted, matches, known } = found;
  if (foundBy(found)) return [];
  if (matches.length === 0)
    return [
      {
        message: `the destination has no ${what} '${wanted}' that the target project sees`,
        remedy: `Name one of: ${known.map((one) => one.name || one.id).join(', ') || '(there are none)'}.`,
      },
    ];
  return [
    {
      message: `${matches.length} ${what}s are called '${wanted}'`,
      remedy: `Give the id of one: ${matches.map((one) => one.id).join(', ')}.`,
    },
  ];
}
const perNic = (nics: readonly PlacedNic[], told: (nic: PlacedNic) => readonly Told[]): Told[] =>
  nics.flatMap((one) => told(one).map((found) => ({ subject: about(one.nic), ...found })));

const unknownNetwork: DestinationRule = {
  id: 'network.unknown',
  title: 'There is no such network',
  severities: ['blocker'],
  explanation:
    'The mapping names a network that the target project does not see, or a name that several have.',
  remedy: 'Name another network, or give its id.',
  needs: 'destination',
  check: ({ placedNics }) => perNic(placedNics, ({ network }) => lookupTold('network', network)),
};

const unknownSubnet: DestinationRule = {
  id: 'subnet.unknown',
  title: 'There is no such subnet',
  severities: ['blocker'],
  explanation: 'The mapping names a subnet that its network does not have, or a name that several have.',
  remedy: 'Name another subnet, or give its id.',
  needs: 'destination',
  check: ({ placedNics }) => perNic(placedNics, ({ subnet }) => (subnet ? lookupTold('subnet', subnet) : [])),
};

const unfit: DestinationRule = {
  id: 'address.unfit',
  title: 'An address lies in no subnet',
  severities: ['blocker'],
  explanation: "A port can have addresses of its network's subnets only.",
  remedy: 'Map the NIC to a network with that subnet, name other addresses, or do not keep addresses.',
  needs: 'destination',
  check: ({ placedNics }) =>
    perNic(placedNics, ({ addresses, subnets, network }) =>
      addresses
        .filter((one) => one.subnetId === null)
        .map(({ address, valid }) =>
          valid
            ? {
                message: `${address} lies in no subnet of network ${foundBy(network)?.name ?? network.wanted} (${subnets.map((one) => one.cidr).join(', ') || 'it has none'})`,
              }
            : { message: `'${address}' is not an IP address`, remedy: 'Correct the mapping.' },
        ),
    ),
};

const unknownAddress: DestinationRule = {
  id: 'address.unknown',
  title: 'Addresses to keep are not known',
  severities: ['blocker'],
  explanation:
    'Addresses are to be kept, but only VMware Tools of a running guest tell them, and these do not: what is to be kept is not known.',
  remedy: 'Start the guest with VMware Tools once and refresh, or give the addresses in the mapping.',
  needs: 'destination',
  check: ({ placedNics, spec }) =>
    perNic(placedNics, ({ nic, wanted, target }) =>
      when(spec.keepIp && target !== null && wanted.length === 0, () => ({
        message: `addresses are to be kept, but the guest reports none for ${nic.label} (${nic.mac})`,
      })),
    ),
};

const noSubnet: DestinationRule = {
  id: 'network.no_subnet',
  title: 'A network without subnets',
  severities: ['warning'],
  explanation: 'A port of a network that has no subnet gets no address from Neutron, and no DHCP answers.',
  remedy: 'Have a subnet made, or see that the guest has its addresses from elsewhere.',
  needs: 'destination',
  check: ({ placedNics }) =>
    perNic(placedNics, ({ nic, network }) => {
      const found = foundBy(network);
      return when(found?.subnets.length === 0, () => ({
        message: `network ${found?.name ?? ''} has no subnet: ${nic.label} gets no address`,
      }));
    }),
};

const policy: DestinationRule = {
  id: 'network.policy',
  title: 'MAC and IP addresses may not be chosen',
  severities: ['warning'],
  explanation:
    "On a network that another project shares, Neutron's default policy (create_port:mac_address, create_port:fixed_ips) refuses members an address of their choice. What a cloud's policy is no API tells; the ports are made before the source is touched, so that a refusal costs no downtime.",
  remedy: 'Map to a network of the project, do not keep MAC and IP, or use a credential that may.',
  needs: 'destination',
  check: ({ placedNics, facts, spec }) =>
    perNic(placedNics, ({ network, target }) => {
      const found = foundBy(network);
      const chosen = spec.keepMac || (target?.addresses.length ?? 0) > 0;
      return when(
        found !== null && target !== null && found.shared && !found.own && !facts.admin && chosen,
        () => ({
          message: `network ${found?.name ?? ''} is shared and not the target project's own: Neutron's default policy refuses members a MAC or IP address of their choice there`,
        }),
      );
    }),
};

const external: DestinationRule = {
  id: 'network.external',
  title: 'Directly on an external network',
  severities: ['warning'],
  explanation:
    "By Nova's default policy (network:attach_external_network) only administrators put servers on an external network that is not shared. What a cloud's policy is no API tells.",
  remedy: 'Map to a network behind a router and use a floating address, or use a credential that may.',
  needs: 'destination',
  check: ({ placedNics, facts }) =>
    perNic(placedNics, ({ network }) => {
      const found = foundBy(network);
      return when(found !== null && found.external && !found.shared && !facts.admin, () => ({
        message: `network ${found?.name ?? ''} is external: Nova's default policy lets only administrators put servers on it`,
      }));
    }),
};

const sameMac: DestinationRule = {
  id: 'nic.mac_twice',
  title: 'Two NICs have one MAC address on one network',
  severities: ['blocker'],
  explanation: 'Neutron takes each MAC address once per network.',
  remedy:
    'Map them to different networks, leave one out (--skip-nic), or let Neutron choose (--no-keep-mac).',
  needs: 'destination',
  check: ({ placedNics }) => {
    const seen = new Map<string, string>();
    return placedNics.flatMap(({ nic, target }): Told[] => {
      if (target === null || target.mac === null || target.mac === '') return [];
      const key = `${target.networkId} ${target.mac}`;
      const first = seen.get(key);
      if (first === undefined) {
        seen.set(key, nic.label);
        return [];
      }
      return [
        {
          subject: about(nic),
          message: `${first} and ${nic.label} have the MAC address ${target.mac} and go to network ${target.networkName} both`,
        },
      ];
    });
  },
};

const taken: PortsRule = {
  id: 'address.taken',
  title: 'A MAC or IP address is taken',
  severities: ['blocker'],
  explanation:
    "A port of that network has the address already: one left over from an earlier try, another server's, or the source itself where it runs in that cloud. Members see ports of their own project only, so that an address that is not told may be taken still.",
  remedy:
    'Free the address (delete the port when nothing needs it), or let Neutron choose (--no-keep-mac, no --keep-ip).',
  needs: 'ports',
  check: ({ placedNics, held }) =>
    perNic(held.length === 0 ? [] : placedNics, ({ target }) => {
      const own = target === null ? [] : [target.mac, ...target.addresses.map((one) => one.address ?? null)];
      return held
        .filter((one) => one.networkId === target?.networkId && own.includes(one.address))
        .map(({ address, portId, migrationId }) => ({
          message: `${address} is taken on network ${target?.networkName ?? ''} by port ${portId}${migrationId === null ? '' : `, of migration ${migrationId}`}`,
        }));
    }),
};

export const nicRules = [
  none,
  skipped,
  disconnected,
  macMissing,
  unmapped,
  unknownNetwork,
  unknownSubnet,
  unfit,
  unknownAddress,
  staticAddress,
  untoldAddress,
  noSubnet,
  policy,
  external,
  sameMac,
  taken,
] as const;
