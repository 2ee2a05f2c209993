import { compileBootPattern, type NewMigration } from '@guts/contract';

/** How many are made in one go (as the API takes them). */
export const MOST_INSTANCES = 1000;

export const STEPS = ['machines', 'destination', 'network', 'storage', 'options', 'review'] as const;
export type WizardStep = (typeof STEPS)[number];

export interface NicChoice {
  readonly network: string;
  /** Name or id; empty: any. */
  readonly subnet: string;
  /** Separated by commas or spaces; empty: as the options say. */
  readonly addresses: string;
  readonly skip: boolean;
}
export const NO_CHOICE: NicChoice = { network: '', subnet: '', addresses: '', skip: false };

/** What is being put together: plain JSON without secrets, so that it may be stored. */
export interface Draft {
  readonly source: string;
  /** Refs. */
  readonly instances: readonly string[];
  readonly destination: string;
  /** Name of a stored mapping; empty: none. */
  readonly namedMapping: string;
  /** Network at the destination by network of the source. */
  readonly networks: Readonly<Record<string, string>>;
  /** Name or id of a subnet of that network, by network of the source; empty: any. */
  readonly subnets: Readonly<Record<string, string>>;
  /** By MAC; of a single machine only. */
  readonly nics: Readonly<Record<string, NicChoice>>;
  /** Volume type by datastore. */
  readonly datastores: Readonly<Record<string, string>>;
  /** Keys of disks that stay behind; of a single machine only. */
  readonly skipDisks: readonly string[];
  readonly bootFrom: 'image' | 'volume';
  /** Empty: the smallest that fits. */
  readonly flavor: string;
  readonly targetProject: string;
  readonly availabilityZone: string;
  /** Separated by commas. */
  readonly securityGroups: string;
  readonly keepMac: boolean;
  readonly keepIp: boolean;
  readonly transport: NonNullable<NewMigration['transport']>;
  readonly power: 'guest' | 'guest-only' | 'off';
  readonly verifyData: NonNullable<NonNullable<NewMigration['policies']>['verify_data']>;
  readonly verifyBoot: 'require' | 'report' | 'off';
  /** Regular expression; empty: what ordinary guests print. */
  readonly bootPattern: string;
  /** As typed; empty: as usual. */
  readonly bootSeconds: string;
  readonly onFailure: 'undo' | 'keep';
  readonly commit: 'manual' | 'auto';
}

export const EMPTY_DRAFT: Draft = {
  source: '',
  instances: [],
  destination: '',
  namedMapping: '',
  networks: {},
  subnets: {},
  nics: {},
  datastores: {},
  skipDisks: [],
  bootFrom: 'image',
  flavor: '',
  targetProject: '',
  availabilityZone: '',
  securityGroups: '',
  keepMac: true,
  keepIp: false,
  transport: 'auto',
  power: 'guest',
  verifyData: 'full',
  verifyBoot: 'report',
  bootPattern: '',
  bootSeconds: '',
  onFailure: 'undo',
  commit: 'manual',
};

/** A draft of an older version has less; what is not of its kind is left out. Null: it is none. */
export function readDraft(stored: string | null): Draft | null {
  if (stored === null) return null;
  try {
    const given = JSON.parse(stored) as Record<string, unknown> | null;
    if (typeof given !== 'object' || given === null) return null;
    const known = Object.entries(EMPTY_DRAFT).map(([key, empty]) => {
      const value = given[key];
      const same =
        typeof value === typeof empty && Array.isArray(value) === Array.isArray(empty) && value !== null;
      return [key, same ? value : empty];
    });
    const draft = Object.fromEntries(known) as unknown as Draft;
    return { ...draft, nics: nicsOf(draft.nics) };
  } catch {
    return null; // no JSON: nothing that we stored
  }
}

const nicsOf = (stored: Readonly<Record<string, Partial<NicChoice>>>): Draft['nics'] =>
  Object.fromEntries(Object.entries(stored).map(([mac, choice]) => [mac, { ...NO_CHOICE, ...choice }]));

const listed = (text: string): string[] => text.split(/[\s,]+/).filter((part) => part !== '');
const filled = <T extends string>(entries: Readonly<Record<string, T>>): [string, T][] =>
  Object.entries(entries).filter(([, value]) => value !== '');

/** What all machines of a draft are asked for with; what is as usual is left out. */
export function sharedBody(draft: Draft): Omit<NewMigration, 'instance'> {
  const single = draft.instances.length === 1;
  const nics = single ? Object.entries(draft.nics) : [];
  const mapping = {
    networks: Object.fromEntries(
      filled(draft.networks).map(([from, network]) => [from, placeOf(network, draft.subnets[from])]),
    ),
    datastores: Object.fromEntries(filled(draft.datastores)),
    nics: Object.fromEntries(
      nics.flatMap(([mac, { network, subnet, addresses, skip }]): [string, unknown][] => {
        // One that is left out goes nowhere, but the mapping wants a name.
        if (skip) return [[mac, { network: network || '-', skip: true }]];
        const fixed = listed(addresses);
        return network === ''
          ? []
          : [[mac, { ...placeOf(network, subnet), ...(fixed.length === 0 ? {} : { addresses: fixed }) }]];
      }),
    ),
    disks: Object.fromEntries(single ? draft.skipDisks.map((key) => [key, { skip: true }]) : []),
  };
  const used = Object.entries(mapping).filter(([, entries]) => Object.keys(entries).length > 0);
  const groups = draft.securityGroups.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]));
  const policies = {
    ...unusual(draft, 'power', 'power'),
    ...unusual(draft, 'onFailure', 'on_failure'),
    ...unusual(draft, 'verifyData', 'verify_data'),
    ...unusual(draft, 'verifyBoot', 'verify_boot'),
    ...bootPolicies(draft),
    ...unusual(draft, 'commit', 'commit'),
  };
  return {
    source: draft.source,
    destination: draft.destination,
    ...unusual(draft, 'targetProject', 'target_project'),
    ...unusual(draft, 'namedMapping', 'named_mapping'),
    ...(used.length === 0 ? {} : { mapping: Object.fromEntries(used) }),
    ...unusual(draft, 'flavor', 'flavor'),
    ...unusual(draft, 'availabilityZone', 'availability_zone'),
    ...(groups.length === 0 ? {} : { security_groups: groups }),
    ...unusual(draft, 'transport', 'transport'),
    ...unusual(draft, 'bootFrom', 'boot_from'),
    ...unusual(draft, 'keepMac', 'keep_mac'),
    ...unusual(draft, 'keepIp', 'keep_ip'),
    ...(Object.keys(policies).length === 0 ? {} : { policies }),
  };
}

const placeOf = (network: string, subnet = ''): { network: string; subnet?: string } =>
  subnet === '' ? { network } : { network, subnet };

/** Nothing where nobody looks, whatever was typed before. */
function bootPolicies({
  verifyBoot,
  bootPattern,
  bootSeconds,
}: Draft): NonNullable<NewMigration['policies']> {
  if (verifyBoot === 'off') return {};
  return {
    ...(bootPattern === '' ? {} : { boot_pattern: bootPattern }),
    ...(bootSeconds === '' ? {} : { boot_seconds: Number(bootSeconds) }),
  };
}

function unusual<K extends keyof Draft>(
  draft: Draft,
  key: K,
  name: string,
): Readonly<Record<string, Draft[K]>> {
  return draft[key] === EMPTY_DRAFT[key] ? {} : { [name]: draft[key] };
}

/** What the API is asked for, one of each machine. */
export function bodiesOf(draft: Draft): readonly NewMigration[] {
  const shared = sharedBody(draft);
  return draft.instances.map((instance) => ({ ...shared, instance }));
}

/** Steps that lack something that later ones need, or have what the API would refuse. */
export function missingOf(draft: Draft): ReadonlySet<WizardStep> {
  const missing = new Set<WizardStep>();
  if (draft.source === '' || draft.instances.length === 0) missing.add('machines');
  if (draft.destination === '') missing.add('destination');
  if (bootPatternFault(draft) !== null || isBootSecondsWrong(draft)) missing.add('options');
  return missing;
}

/** Whether preflight can be asked: it needs to know what goes where, not how a boot is proven. */
export const isAskable = (draft: Draft): boolean => {
  const missing = missingOf(draft);
  return !missing.has('machines') && !missing.has('destination');
};

/** What the API would say of the pattern, and what to do. */
export function bootPatternFault({ verifyBoot, bootPattern }: Draft): string | null {
  if (verifyBoot === 'off' || bootPattern === '') return null;
  try {
    compileBootPattern(bootPattern);
    return null;
  } catch (error) {
    const { message, remedy } = error as Error & { readonly remedy?: string };
    return [`${message[0]?.toUpperCase()}${message.slice(1)}.`, remedy].filter(Boolean).join(' ');
  }
}

/** How long a boot may take at most; seconds. */
export const MOST_BOOT_SECONDS = 86_400;

export function isBootSecondsWrong({ verifyBoot, bootSeconds }: Draft): boolean {
  if (verifyBoot === 'off' || bootSeconds === '') return false;
  return !/^[1-9]\d{0,4}$/.test(bootSeconds) || Number(bootSeconds) > MOST_BOOT_SECONDS;
}

/** Networks of the source that go to one of the same name, where nothing else was chosen. */
export function suggestedNetworks(
  chosen: Readonly<Record<string, string>>,
  source: readonly string[],
  destination: readonly string[],
): Readonly<Record<string, string>> {
  const same = (name: string): string | undefined =>
    destination.find((one) => one === name) ??
    destination.find((one) => one.toLowerCase() === name.toLowerCase());
  const [only] = destination.length === 1 ? destination : [];
  return Object.fromEntries(
    source.flatMap((name) => {
      const network = chosen[name] ?? same(name) ?? only;
      return network === undefined ? [] : [[name, network]];
    }),
  );
}
