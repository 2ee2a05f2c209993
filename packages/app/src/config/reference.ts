import { OTHER_VARIABLES } from './environment.ts';
import { LIMIT_NAMES } from './limits.ts';
import { EVERY, type Group, READERS, type Setting } from './setting.ts';
import { GROUPS, LIMITS } from './settings.ts';
import { DEFAULT_LIMITS } from '@guts/core';

/** Defaults of the reference are told for no host. */
const NOWHERE = { stateDir: '~/.local/state/guts', hostName: 'HOST' };

/** As it is when nothing says otherwise; in Markdown. */
function defaultOf(setting: Setting<unknown>): string {
  if (setting.initially !== null) return setting.initially;
  const value = setting.initial(NOWHERE);
  if (value === null || value === undefined) return '-';
  const written = setting.kind.write(value);
  return typeof written === 'string' ? `\`${written}\`` : String(written);
}

function readersOf({ readBy }: Setting<unknown>): string {
  if (EVERY.every((one) => readBy.includes(one))) return 'all';
  return readBy.map((one) => READERS[one]).join(', ');
}

function meaningOf({ means, secret, everywhere, unit }: Setting<unknown>): string {
  return [
    means,
    ...(unit === null ? [] : [`unit: ${unit}`]),
    ...(secret === 'password' ? ['better without the password, which `guts config show` masks'] : []),
    ...(secret === 'file' ? ['mode 0600'] : []),
    ...(everywhere ? ['**the same on every host**'] : []),
  ].join('; ');
}

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [columns, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = columns.map((_, at) => Math.max(3, ...cells.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = cells;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}

const limitDefault = (key: (typeof LIMIT_NAMES)[number]['key']): number => DEFAULT_LIMITS[key];

function section({ title, settings }: Group): string {
  const rows = Object.values(settings).map((one) => [
    `\`${one.name}\``,
    one.kind.name,
    defaultOf(one),
    readersOf(one),
    meaningOf(one),
  ]);
  return `## ${title}\n\n${table(['setting', 'value', 'default', 'read by', 'means'], rows)}`;
}

/** Every setting, as a page: `docs/configuration.md`. */
export function referencePage(): string {
  const limits = LIMIT_NAMES.map(({ key, name, means }) => [`\`${name}\``, String(limitDefault(key)), means]);
  const variables = OTHER_VARIABLES.map(({ name, means }) => [`\`${name}\``, means]);
  return `${[
    '# Configuration',
    '_Made by `guts config reference --format markdown`; do not edit._',
    [
      'One YAML file (`--config`, `GUTS_CONFIG`). The environment wins over it: `GUTS_` and the name in capitals, such as',
      '`GUTS_SLOTS=8`. An unknown setting is refused. Paths may be relative to the folder that `guts` is started in; the',
      'defaults are for one host.',
    ].join('\n'),
    [
      '- `guts config show` tells every value and where it comes from, with passwords masked.',
      '- `guts config check` tells all that is wrong, with file and line, and of what is odd in the environment. It opens no',
      '  connection.',
      '- `guts config reference` writes a file with every setting and its default, all commented out.',
    ].join('\n'),
    ...GROUPS.map(section),
    '## Limits',
    `\`${LIMITS}\` is a map: how much may happen at once, over all workers. 0 is no limit. Only the file can have it. Read by guts-scheduler,\nguts-migration and guts-api; **the same on every host**. \`guts simulate --config FILE\` shows what they cost.`,
    table(['limit', 'default', 'means'], limits),
    [
      '`overrides` is a map in it, for single resources, by the name that `guts migration show` gives:',
      '`host:SOURCE-ID:REF`, `datastore:SOURCE-ID:REF`, `source:SOURCE-ID`, `project:DESTINATION-ID:PROJECT`, `plan:PLAN-ID`.',
    ].join('\n'),
    ['    limits:', '      host_streams: 10', '      overrides:', '        host:SOURCE-ID:host-12: 4'].join(
      '\n',
    ),
    '## Other environment variables',
    table(['variable', 'means'], variables),
  ].join('\n\n')}\n`;
}

const WIDTH = 100;

/** Text in lines of comments. */
function comment(text: string): string {
  const lines: string[] = [];
  let line = '#';
  for (const word of text.split(' ')) {
    if (line.length + word.length + 1 > WIDTH) {
      lines.push(line);
      line = '#';
    }
    line += ` ${word}`;
  }
  return [...lines, line].join('\n');
}

const plain = (markdown: string): string =>
  markdown.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll(/[`*]/g, '');

function sampleOf(setting: Setting<unknown>): string {
  const value = setting.initial(NOWHERE);
  const told = setting.initially !== null || value === null || value === undefined;
  const shown = setting.example ?? (told ? '' : String(setting.kind.write(value)));
  const notes = [
    meaningOf(setting),
    ...(setting.example === null && !told
      ? []
      : [`default: ${defaultOf(setting) === '-' ? 'none' : defaultOf(setting)}`]),
    `read by ${readersOf(setting)}`,
  ].join('; ');
  return `${comment(`${plain(notes).replace(/^./, (first) => first.toUpperCase())}.`)}\n#${setting.name}: ${shown}`;
}

/** A configuration file with every setting, all commented out. */
export function referenceFile(): string {
  const groups = GROUPS.map(({ title, settings }) =>
    [`### ${title}`, ...Object.values(settings).map(sampleOf)].join('\n\n'),
  );
  const limits = LIMIT_NAMES.flatMap(({ key, name, means }) => [
    `#  # ${means}`,
    `#  ${name}: ${limitDefault(key)}`,
  ]);
  return `${[
    [
      '# Configuration of GUTS: every setting. What is commented out shows its default or an example.',
      '# Environment variables win over this file: GUTS_ and the name in capitals, such as GUTS_SLOTS=8.',
      '# Made by `guts config reference`. See what is in effect with `guts config show`.',
    ].join('\n'),
    ...groups,
    '### Limits',
    [
      comment(
        'How much may happen at once, over all workers; 0 is no limit. The same on every host. Overrides are for single resources, by the name that guts migration show gives.',
      ),
      `#${LIMITS}:`,
      ...limits,
      '#  overrides:',
      '#    host:SOURCE-ID:host-12: 4',
    ].join('\n'),
  ].join('\n\n')}\n`;
}
