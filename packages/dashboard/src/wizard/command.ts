import type { NewMigration } from '@guts/contract';

/** A word as a POSIX shell takes it. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** In names that stand before or behind a separator it is doubled, as `guts` reads them. */
const doubled = (name: string, separators: string): string =>
  separators.split('').reduce((text, one) => text.replaceAll(one, one + one), name);

type Place = NonNullable<NonNullable<NewMigration['mapping']>['networks']>[string];

function placeText({ network, subnet, addresses = [] }: Place): string {
  const inPlace = (name: string): string => doubled(name, '=/@');
  const where = subnet === undefined ? inPlace(network) : `${inPlace(network)}/${inPlace(subnet)}`;
  return addresses.length === 0 ? where : `${where}@${addresses.join(',')}`;
}

/** What `guts` is to be called with for the same migration. */
export function commandOf(body: NewMigration): string {
  const words: string[] = ['guts', 'migration', 'create', body.instance];
  const option = (name: string, value: string | null | undefined): void => {
    if (value !== undefined && value !== null) words.push(`--${name}`, value);
  };
  option('source', body.source);
  option('destination', body.destination);
  option('target-project', body.target_project);
  option('mapping', body.named_mapping);
  const { networks = {}, nics = {}, datastores = {}, disks = {} } = body.mapping ?? {};
  for (const [from, place] of Object.entries(networks))
    option('network', from === '*' ? placeText(place) : `${doubled(from, '=')}=${placeText(place)}`);
  for (const [mac, place] of Object.entries(nics))
    if (place.skip) option('skip-nic', mac);
    else option('nic', `${mac}=${placeText(place)}`);
  for (const [from, type] of Object.entries(datastores))
    option('volume-type', from === '*' ? doubled(type, '=') : `${doubled(from, '=')}=${doubled(type, '=')}`);
  for (const [key, { skip }] of Object.entries(disks)) if (skip) option('skip-disk', key);
  option('flavor', body.flavor);
  option('availability-zone', body.availability_zone);
  for (const group of body.security_groups ?? []) option('security-group', group);
  option('transport', body.transport);
  option('boot-from', body.boot_from);
  if (body.keep_mac === false) words.push('--no-keep-mac');
  if (body.keep_ip === true) words.push('--keep-ip');
  option('power', body.policies?.power);
  option('on-failure', body.policies?.on_failure);
  option('verify-data', body.policies?.verify_data);
  option('verify-boot', body.policies?.verify_boot);
  option('boot-pattern', body.policies?.boot_pattern);
  option('boot-seconds', body.policies?.boot_seconds?.toString());
  return words.map(shellWord).join(' ');
}
