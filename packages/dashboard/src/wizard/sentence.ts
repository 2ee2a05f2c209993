import type { Draft } from './draft.ts';

const names = (all: readonly string[]): string => {
  if (all.length <= 3)
    return all.length < 2 ? (all[0] ?? '') : `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`;
  return `${all.slice(0, 2).join(', ')} and ${all.length - 2} more machines`;
};

const POWER = {
  guest: 'shut down by their guest systems (power is cut if one does not obey in time)',
  'guest-only': 'shut down by their guest systems, never by cutting power',
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
  undo: 'If one fails, its source is brought back and everything that was made is removed.',
  keep: 'If one fails, its source is brought back and what was made is kept for a retry.',
} as const;
const COMMIT = {
  manual: 'Until you commit, each can be reverted with one click.',
  auto: 'They are committed at once: there is no way back.',
} as const;

/** What will happen, in plain words. @param machines their names */
export function sentenceOf(draft: Draft, machines: readonly string[]): string {
  const places = [
    ...new Set([...Object.values(draft.networks), ...Object.values(draft.nics).map((nic) => nic.network)]),
  ].filter((name) => name !== '' && name !== '-');
  const kept = [draft.keepMac ? 'MAC addresses' : null, draft.keepIp ? 'IP addresses' : null].filter(
    (part) => part !== null,
  );
  return [
    `${names(machines)} will be moved from ${draft.source} to ${draft.destination}${draft.targetProject === '' ? '' : `, project ${draft.targetProject}`}.`,
    `Each is ${POWER[draft.power]}, then copied while it is off, ${draft.bootFrom === 'image' ? 'its boot disk to an image and its other disks to volumes' : 'all its disks to volumes'}.`,
    draft.namedMapping === ''
      ? null
      : `Networks and storage follow the stored mapping ${draft.namedMapping}.`,
    places.length === 0
      ? null
      : `It is attached to ${names(places).replace(' more machines', ' more networks')}.`,
    kept.length === 0 ? 'It gets new addresses.' : `It keeps its ${kept.join(' and ')}.`,
    draft.flavor === '' ? 'It gets the smallest flavor that fits.' : `It gets the flavor ${draft.flavor}.`,
    `Afterwards ${VERIFY[draft.verifyData]}, and ${BOOT[draft.verifyBoot]}.`,
    FAILURE[draft.onFailure],
    COMMIT[draft.commit],
  ]
    .filter((part) => part !== null)
    .join(' ');
}
