import type { InstanceCheck, UnaskedRule } from '@guts/contract';
import { drawTable, printable } from './table.ts';
import { formatBytes, formatSeconds } from './units.ts';

type Plan = NonNullable<InstanceCheck['plan']>;
type Row = readonly [source: string, target: string];

function nicRow({ label, network_name: network, mac, addresses }: Plan['nics'][number]): Row {
  const fixed = addresses.flatMap(({ address }) => address ?? []);
  const ip = fixed.length > 0 ? fixed.join(', ') : 'address by Neutron';
  return [label, `port on ${network}, ${mac === null ? 'MAC by Neutron' : `MAC ${mac}`}, ${ip}`];
}

const FILLED: Readonly<Record<Plan['disks'][number]['fill'], string>> = {
  auto: ', filled directly where the worker reaches it, else from an image',
  device: '',
  image: ', filled from an image',
};

function diskRow(disk: Plan['disks'][number]): Row {
  const type = disk.volume_type === null ? 'default type' : `type ${disk.volume_type}`;
  const target =
    disk.target === 'image'
      ? 'image, which the server boots from'
      : `volume of ${disk.size_gib} GiB, ${type}${FILLED[disk.fill]}`;
  return [`${disk.label}, ${formatBytes(disk.capacity_bytes)}${disk.boot ? ', boot disk' : ''}`, target];
}

function picture({ name, ref }: InstanceCheck, plan: Plan, width: number): string {
  const properties = Object.entries(plan.properties).map(([key, value]) => `${key}=${value}`);
  const rows: Row[] = [
    [`${name} (${ref})`, `server ${plan.server_name}`],
    ['', `flavor ${plan.flavor.name}: ${plan.flavor.reason}`],
    ...plan.disks.map(diskRow),
    ...plan.nics.map(nicRow),
    ...(plan.availability_zone === null
      ? []
      : ([['', `availability zone ${plan.availability_zone}`]] as Row[])),
    ...(properties.length === 0 ? [] : ([['', properties.join(', ')]] as Row[])),
  ];
  return drawTable(
    ['Source', '', 'Destination'],
    rows.map(([source, target]) => [source, source === '' ? '' : '→', target]),
    width,
  );
}

/** Findings for people, one per line of a table; none: a line that says so. */
export function findingsText(findings: InstanceCheck['findings'], width: number): string {
  if (findings.length === 0) return 'Preflight has nothing to say.';
  return drawTable(
    ['Severity', 'About', 'Finding', 'What to do'],
    findings.map((one) => [
      one.unknown ? `${one.severity} (not known)` : one.severity,
      one.subject ?? 'instance',
      one.message,
      one.remedy ?? '-',
    ]),
    width,
  );
}

/** What no connection was opened for. */
export function notAskedText(rules: readonly UnaskedRule[]): string[] {
  if (rules.length === 0) return [];
  return [`Not asked here, but by the migration itself: ${rules.map(({ title }) => title).join('; ')}.`];
}

/** What a migration would make, as a picture, with what preflight says. @param width terminal columns; 0: any */
export function planText(check: InstanceCheck, notAsked: readonly UnaskedRule[], width: number): string {
  const { plan, prediction, findings } = check;
  const { capacity_bytes: all, data_bytes: data, bytes_per_second: rate, seconds, assumed } = prediction;
  const sent =
    data === null ? `at most ${formatBytes(all)}` : `about ${formatBytes(data)} of ${formatBytes(all)}`;
  const blockers = findings.filter(({ severity }) => severity === 'blocker').length;
  return [
    plan ? picture(check, plan, width) : `${printable(check.name)} (${check.ref}) cannot be moved so.`,
    `To send: ${sent}, about ${formatSeconds(seconds)} at ${formatBytes(rate)}/s${assumed ? ' (assumed)' : ''}.`,
    findingsText(findings, width),
    ...notAskedText(notAsked),
    blockers > 0
      ? `Nothing was made; ${blockers === 1 ? 'a blocker keeps' : `${blockers} blockers keep`} it from being moved.`
      : 'Nothing was made; without --dry-run it is.',
  ].join('\n');
}
