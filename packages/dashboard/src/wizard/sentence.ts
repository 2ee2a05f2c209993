import type { Draft } from './draft.ts';

const POWER = {
  guest: 'shut down by its guest system (power is cut if it does not obey in time)',
  'guest-only': 'shut down by its guest system, never by cutting power',
  off: 'switched off at once',
} as const;
const VERIFY = {
  full: 'every byte is read back from the destination and compared',
  both: 'every byte is read back from both ends and compared',
  sampled: 'a tenth of the bytes is read back and compared',
  off: 'nothing is read back',
} as const;
const BOOT = {
  require: 'without a sign of the guest on its console the migration counts as failed',
  report: 'the report says whether the guest was seen to boot',
  off: 'nobody looks whether the guest boots',
} as const;
const FAILURE = {
  undo: 'everything that was made is removed',
  keep: 'what was made is kept for a retry',
} as const;

const listed = (all: readonly string[]): string =>
  all.length < 2 ? (all[0] ?? '') : `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`;

/** So many machines are named. */
const NAMED = 3;

function machinesText(names: readonly string[]): string {
  if (names.length <= NAMED) return listed(names);
  return `${names.slice(0, NAMED - 1).join(', ')} and ${names.length - NAMED + 1} more machines`;
}

/** Networks that were chosen, with their subnets, each once. */
function networksOf({ networks, subnets, nics, instances }: Draft): readonly string[] {
  const own = instances.length === 1 ? Object.values(nics).filter(({ skip }) => !skip) : [];
  const shared = Object.entries(networks).map(([from, network]) => ({
    network,
    subnet: subnets[from] ?? '',
  }));
  const named = [...shared, ...own]
    .filter(({ network }) => network !== '')
    .map(({ network, subnet }) => (subnet === '' ? network : `${network} (subnet ${subnet})`));
  return [...new Set(named)];
}

/** What was said of how a boot is told. */
function bootText({ verifyBoot, bootPattern, bootSeconds }: Draft): string | null {
  if (verifyBoot === 'off' || (bootPattern === '' && bootSeconds === '')) return null;
  if (bootPattern === '') return `A boot may take ${bootSeconds} seconds.`;
  const within = bootSeconds === '' ? '' : `, within ${bootSeconds} seconds`;
  return `A guest counts as up when a line of its console matches ${bootPattern}${within}.`;
}

/** What will happen, in plain words. @param machines their names */
export function sentenceOf(draft: Draft, machines: readonly string[]): string {
  const single = machines.length === 1;
  const each = single ? 'It' : 'Each';
  const networks = networksOf(draft);
  const kept = [draft.keepMac ? 'MAC' : null, draft.keepIp ? 'IP' : null].filter((part) => part !== null);
  const project = draft.targetProject === '' ? '' : `, project ${draft.targetProject}`;
  const disks =
    draft.bootFrom === 'image'
      ? 'its boot disk to an image, other disks to volumes'
      : 'all its disks to volumes';
  const parts = [
    `${machinesText(machines)} will be moved from ${draft.source} to ${draft.destination}${project}.`,
    `${each} is ${POWER[draft.power]}, then copied while it is off: ${disks}.`,
    draft.namedMapping === ''
      ? null
      : `Networks and storage follow the stored mapping ${draft.namedMapping}.`,
    networks.length === 0 ? null : `${each} is attached to ${listed(networks)}.`,
    kept.length === 0 ? `${each} gets new addresses.` : `${each} keeps its ${listed(kept)} addresses.`,
    `${each} gets ${draft.flavor === '' ? 'the smallest flavor that fits' : `the flavor ${draft.flavor}`}.`,
    `Afterwards ${VERIFY[draft.verifyData]}, and ${BOOT[draft.verifyBoot]}.`,
    bootText(draft),
    `If ${single ? 'it' : 'one'} fails, its source is brought back and ${FAILURE[draft.onFailure]}.`,
    draft.commit === 'manual'
      ? `Until you commit, ${single ? 'it' : 'each'} can be reverted with one click.`
      : `${each} is committed at once: there is no way back.`,
  ];
  return parts.filter((part) => part !== null).join(' ');
}
