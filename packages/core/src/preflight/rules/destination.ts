import { flavorText, needText, rootFits } from '../../plan/flavor.ts';
import { foundBy } from '../../plan/lookup.ts';
import { QUOTA_WORDS } from '../../plan/quota.ts';
import type { DestinationRule, ManyRule, Told } from '../rule.ts';
import { untold, when } from '../rule.ts';

const otherProject: DestinationRule = {
  id: 'destination.other_project',
  title: 'What is known is of another project',
  severities: ['information'],
  explanation:
    'The target project is not the one that the destination was last refreshed in. Its networks, flavors, security groups and quotas may be other ones; the worker looks at them before it begins.',
  remedy:
    "Take what is said of flavors, networks, groups and quotas for a guess until the migration's own preflight.",
  needs: 'destination',
  check: ({ targetProject: wanted, facts: { project } }) =>
    when(wanted !== null && wanted !== project.id && wanted !== project.name, () =>
      untold(`what is known of the destination is of project ${project.name}, not of ${wanted ?? ''}`, {
        subject: 'destination',
      }),
    ),
};

const noFlavor: DestinationRule = {
  id: 'flavor.none',
  title: 'No flavor fits',
  severities: ['blocker'],
  explanation:
    'A server is at least as large as its source unless a flavor is named. Flavors that are tied to special hosts or devices are chosen by name only. An image boots from a root disk as large as the boot disk.',
  remedy: 'Have a flavor of that size made, name a smaller one with --flavor, or boot from a volume.',
  needs: 'destination',
  check: ({ flavor: { named, flavor, need } }) =>
    when(named === null && flavor === null, () => ({
      message: `no flavor fits: the instance needs ${needText(need)}`,
    })),
};

const unknownFlavor: DestinationRule = {
  id: 'flavor.unknown',
  title: 'There is no such flavor',
  severities: ['blocker'],
  explanation: 'The flavor that was named does not exist, or the target project may not use it.',
  remedy: 'Name another flavor (--flavor), or none: the smallest that fits is taken.',
  needs: 'destination',
  check: ({ flavor: { named, flavor }, facts }) =>
    when(named !== null && flavor === null, () => ({
      subject: 'destination',
      message: `the destination has no flavor '${named ?? ''}'`,
      remedy: `Name one of: ${facts.flavors.map((one) => one.name).join(', ') || '(there are none)'}.`,
    })),
};

const rootDisk: DestinationRule = {
  id: 'flavor.root_disk',
  title: "The flavor's root disk is too small",
  severities: ['blocker'],
  explanation:
    "A server that boots from an image has the root disk of its flavor, which must hold the boot disk. A flavor without one (0 GiB) is for administrators by Nova's default policy.",
  remedy: 'Choose a larger flavor, or boot from a volume.',
  needs: 'destination',
  check: ({ flavor: { named, flavor, need } }) =>
    flavor !== null && named !== null && !rootFits(flavor, need)
      ? [
          {
            message: `flavor ${flavor.name} has a root disk of ${flavor.diskGiB} GiB; the boot disk needs ${need.rootGiB} GiB`,
          },
        ]
      : [],
};

const smaller: DestinationRule = {
  id: 'flavor.smaller',
  title: 'The flavor is smaller than the instance',
  severities: ['warning'],
  explanation:
    'The flavor that was named has fewer processors or less memory than the source: the guest may not have enough.',
  remedy: 'Name a larger flavor, if that was not meant.',
  needs: 'destination',
  check: ({ flavor: { named, flavor, need } }) =>
    flavor !== null && named !== null && (flavor.vcpus < need.vcpus || flavor.ramMiB < need.ramMiB)
      ? [
          {
            message: `flavor ${flavor.name} (${flavorText(flavor)}) is smaller than the instance (${needText(need)})`,
          },
        ]
      : [],
};

const securityGroup: DestinationRule = {
  id: 'security_group.unknown',
  title: 'There is no such security group',
  severities: ['blocker'],
  explanation:
    'A security group that was asked for does not exist in the target project, or several have its name.',
  remedy: 'Name another security group, or give its id.',
  needs: 'destination',
  check: ({ securityGroups, facts }) =>
    securityGroups
      .filter((one) => foundBy(one) === null)
      .map(({ wanted, matches }) => ({
        subject: 'destination',
        message:
          matches.length === 0
            ? `the target project has no security group '${wanted}'`
            : `${matches.length} security groups are called '${wanted}'`,
        remedy: `Name one of: ${facts.securityGroups.map((one) => `${one.name} (${one.id})`).join(', ')}.`,
      })),
};

const listed = (zones: readonly string[]): string =>
  zones.map((one) => `'${one}'`).join(', ') || '(there are none)';

function zoneTold(what: 'servers' | 'volumes', zone: string, known: readonly string[] | null): Told[] {
  if (known === null)
    return [
      untold(
        `the destination does not tell its availability zones for ${what}: whether '${zone}' is one is not known`,
        {
          subject: 'destination',
        },
      ),
    ];
  if (known.includes(zone)) return [];
  const message = `the destination has no availability zone '${zone}' for ${what} that is up`;
  const remedy = `Name another, or none; for ${what} there are: ${listed(known)}.`;
  if (what === 'servers') return [{ subject: 'destination', message, remedy }];
  return [
    {
      severity: 'warning',
      subject: 'destination',
      message: `${message}: its volumes go to the default one if the cloud allows that, and are refused if not`,
      remedy,
    },
  ];
}

const zone: DestinationRule = {
  id: 'availability_zone.unknown',
  title: 'There is no such availability zone',
  severities: ['blocker', 'warning', 'information'],
  explanation:
    'Servers can be made in a zone that is up only. Many clouds have zones for servers alone and let Cinder fall back to its default one (allow_availability_zone_fallback), which no API tells; where it may not, volumes are refused while the source still runs.',
  remedy: 'Name another availability zone, or none.',
  needs: 'destination',
  check: ({ spec: { availabilityZone: wanted }, facts, targetDisks }) => {
    if (wanted === null) return [];
    const { compute, volume } = facts.availabilityZones;
    // Administrators may name a host behind the zone: `zone:host`.
    const [first = wanted] = wanted.split(':');
    return [
      ...zoneTold('servers', first, compute),
      ...(targetDisks.some((disk) => disk.target === 'volume') ? zoneTold('volumes', wanted, volume) : []),
    ];
  },
};

const quota: DestinationRule = {
  id: 'quota.exceeded',
  title: 'A quota has no room',
  severities: ['blocker'],
  explanation:
    "What the target takes (instances, cores, memory, volumes, gigabytes, ports, images) is compared with what is left of the project's quotas. What is not limited, or not told, is not checked.",
  remedy: 'Have the quota raised, or free some of it.',
  needs: 'destination',
  check: ({ taking, facts: { quota: room, project } }) => {
    const over = QUOTA_WORDS.flatMap(([key, what, unit]): Told[] => {
      const left = room[key];
      const needed = taking[key];
      if (left === null || needed <= left) return [];
      return [
        {
          subject: 'destination',
          message: `the quota of project ${project.name} for ${what} has ${Math.max(0, left)}${unit} left; ${needed}${unit} are needed`,
        },
      ];
    });
    const { imageMiB } = room;
    if (imageMiB === null || taking.images === 0 || imageMiB >= 1) return over;
    return [
      ...over,
      {
        subject: 'destination',
        message: `the quota of project ${project.name} for image storage has ${Math.max(0, imageMiB)} MiB left; 1 MiB are needed`,
      },
    ];
  },
};

const imageStorage: DestinationRule = {
  id: 'quota.image_storage',
  title: 'The quota of image storage may not be enough',
  severities: ['warning'],
  explanation:
    'An image takes what is sent of its disk, which is known afterwards, and Glance looks at what it stores before an upload only: that little is left may be enough, or not.',
  remedy: 'Have the quota raised, or free some of it.',
  needs: 'destination',
  check: ({ taking, facts: { quota: room, project } }) =>
    when(
      room.imageMiB !== null && room.imageMiB >= 1 && taking.images > 0 && taking.imageMiB > room.imageMiB,
      () => ({
        subject: 'destination',
        message: `the quota of project ${project.name} for image storage has ${room.imageMiB} MiB left; the images of this instance may take up to ${taking.imageMiB} MiB`,
      }),
    ),
};

export const QUOTA_TOGETHER: ManyRule = {
  id: 'quota.together',
  title: 'A quota has room for one, but not for all',
  severities: ['warning'],
  explanation:
    'What all instances that nothing else blocks take together is more than the project has left of a quota: those that come last will be refused. Room that is freed meanwhile is not foreseen.',
  remedy: 'Have the quota raised, or move fewer of them to this project.',
  needs: 'many',
};

export const destinationRules = [
  otherProject,
  noFlavor,
  unknownFlavor,
  rootDisk,
  smaller,
  securityGroup,
  zone,
  quota,
  imageStorage,
  QUOTA_TOGETHER,
] as const;
