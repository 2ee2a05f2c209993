import type { NamedMapping } from '@guts/contract';
import type { Command } from 'commander';
import { UsageError } from './context.ts';
import { PLACE_HELP, readPair, readPlace } from './network-place.ts';

export type Mapping = NamedMapping['mapping'];

/** Where NICs and disks go, as options say it. */
export interface MappingOptions {
  readonly network: readonly string[];
  readonly nic: readonly string[];
  readonly skipNic: readonly string[];
  readonly volumeType: readonly string[];
  readonly skipDisk: readonly string[];
}

/** Adds them to a command. */
export function addMappingOptions(command: Command): Command {
  return command
    .option('--network <map...>', `PLACE for every NIC, or SOURCE=PLACE; ${PLACE_HELP}; repeatable`, [])
    .option('--nic <map...>', 'MAC=PLACE[@ADDRESS,…] for one NIC; repeatable', [])
    .option('--skip-nic <mac...>', 'leaves this NIC out', [])
    .option('--volume-type <map...>', 'TYPE for every volume, or DATASTORE=TYPE; repeatable', [])
    .option('--skip-disk <key...>', 'leaves this disk out (key of the device)', []);
}

/** @throws UsageError */
function readNic(text: string): [mac: string, place: ReturnType<typeof readPlace>] {
  const [mac, place] = readPair(text, 'MAC=NETWORK');
  if (mac === '*') throw new UsageError(`"${text}" is not MAC=NETWORK: it names no NIC`);
  return [mac.toLowerCase(), readPlace(place)];
}

/** The options as the API has a mapping. @throws UsageError */
export function mappingOf(options: MappingOptions): Required<Mapping> {
  const networks = options.network.map((text) => {
    const [source, place] = readPair(text, 'SOURCE=NETWORK');
    return [source, readPlace(place)] as const;
  });
  // A NIC that is left out goes nowhere, but the mapping wants a name.
  const skipped = options.skipNic.map((mac) => [mac.toLowerCase(), { network: '-', skip: true }] as const);
  return {
    networks: Object.fromEntries(networks),
    nics: Object.fromEntries([...options.nic.map(readNic), ...skipped]),
    datastores: Object.fromEntries(options.volumeType.map((text) => readPair(text, 'DATASTORE=TYPE'))),
    disks: Object.fromEntries(options.skipDisk.map((key) => [key, { skip: true }])),
  };
}
