/** What of a source's machines is shown: all of it stands in the address. */
export interface InventorySearch {
  /** Name of the source. */
  readonly source?: string;
  readonly q?: string;
  readonly power?: 'on' | 'off' | 'suspended';
  readonly guest?: 'linux' | 'windows' | 'other';
  readonly host?: string;
  readonly datastore?: string;
  readonly network?: string;
  readonly desc?: boolean;
}

const POWERS = ['on', 'off', 'suspended'] as const;
const GUESTS = ['linux', 'windows', 'other'] as const;

/** What is not understood is left out: an old address still opens. */
export function readInventorySearch(search: Record<string, unknown>): InventorySearch {
  const words = (key: string): string | undefined => {
    const value = search[key];
    // `10` in an address is parsed to a number.
    const given = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
    return given === '' ? undefined : given;
  };
  const found = {
    source: words('source'),
    q: words('q'),
    power: POWERS.find((one) => one === search['power']),
    guest: GUESTS.find((one) => one === search['guest']),
    host: words('host'),
    datastore: words('datastore'),
    network: words('network'),
    desc: search['desc'] === true ? true : undefined,
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

/** Of one machine: its source, and what it is checked against. */
export interface InstanceSearch {
  readonly source: string;
  readonly destination?: string;
}

export function readInstanceSearch({ source, destination }: Record<string, unknown>): InstanceSearch {
  const words = (value: unknown): string =>
    typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  const given = words(destination);
  return {
    source: words(source),
    ...(given === '' ? {} : { destination: given }),
  };
}

/** As the API asks for it. */
export function instancesQueryOf(
  { q, power, guest, host, datastore, network, desc }: InventorySearch,
  source: string,
) {
  return {
    source,
    sort: desc ? 'name:desc' : 'name:asc',
    ...(q === undefined ? {} : { search: q }),
    ...(power === undefined ? {} : { power_state: power }),
    ...(guest === undefined ? {} : { guest }),
    ...(host === undefined ? {} : { host }),
    ...(datastore === undefined ? {} : { datastore }),
    ...(network === undefined ? {} : { network }),
  };
}
