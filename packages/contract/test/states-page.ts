import { type Action, ACTIONS, KEPT_STATUSES, type Mode, STATUS_RULES, STATUSES, stepsFor } from '@guts/core';
import { SERVED_ACTIONS } from '../src/index.ts';

const HOLDS = {
  none: 'no worker',
  reservation: 'a reserved worker',
  lease: 'a worker, under a lease',
} as const;

const DOES: Readonly<Record<Action, string>> = {
  cancel:
    'Undoes it: `cancelled` at once where nothing was made, else `cancelling`. While it runs, its worker is asked and turns to the undo. Refused for one that failed while it was reverted: that would delete the target.',
  retry:
    'After a failure: `reverting` or `cancelling` again when that failed; `queued` with the undo when an undo left something; else `queued`: every step looks again at source and destination, and keeps what still holds.',
  cutover: 'Of a warm migration: source off, last pass, start at the destination.',
  revert:
    'Source back as it was; the target is stopped, locked and kept (`park`) or deleted (`remove`). What was written on the target since cutover is lost to the source, so it needs a yes (`confirm`, `--yes`).',
  commit:
    'Ends revertability: change tracking as it was, images that nothing uses removed, the source marked by a note, never deleted.',
};

/** Cells of one length per column, as prettier wants them. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, at) =>
    Math.max(title.length, 3, ...rows.map((row) => (row[at] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)].join(
    '\n',
  );
}

const code = (words: readonly string[]): string =>
  words.length === 0 ? '-' : words.map((word) => `\`${word}\``).join(', ');

function statuses(): string {
  return table(
    ['status', 'meaning', 'holds', 'actions', 'leads to'],
    STATUSES.map((status) => {
      const { doc, holds, final, actions, leadsTo } = STATUS_RULES[status];
      return [
        `\`${status}\``,
        doc,
        HOLDS[holds],
        code(actions.filter((one) => SERVED_ACTIONS.includes(one))),
        final ? 'final' : code(leadsTo),
      ];
    }),
  );
}

function actions(): string {
  return table(
    ['action', 'in', 'what it does', 'command'],
    ACTIONS.map((action) => [
      `\`${action}\``,
      code(STATUSES.filter((status) => STATUS_RULES[status].actions.includes(action))),
      DOES[action],
      SERVED_ACTIONS.includes(action)
        ? `\`guts migration ${action} ID\``
        : 'not in this version: refused with 501',
    ]),
  );
}

function steps(mode: Mode): string {
  return table(
    ['step', 'phase', 'what it does', 'needs', 'makes', 'undone by'],
    stepsFor(mode).map(({ name, phase, doc, needs, makes, reversion }) => [
      `\`${name}\``,
      phase,
      doc,
      code(needs),
      code(makes),
      reversion,
    ]),
  );
}

/** `docs/states.md`, made of the tables of statuses and steps. */
export function statesPage(): string {
  return `# The life of a migration

<!-- Made from packages/core (states.ts, steps.ts) by: npx vitest run packages/contract --update=all -->

Status, phase and step are three things: the status says what may be asked and who holds it, the phase (\`copy\`,
\`sync\`, \`cutover\`, \`undo\`) what it is about, the step what is done just now.

![Statuses of a migration and where each leads](states.svg)

## Statuses

${statuses()}

A worker that is lost leaves ${code(KEPT_STATUSES)} as they are: the same work waits again for a worker under that
status. One that is \`running\` is \`queued\` again. An undo goes before all forward work.

## Actions

\`POST /v1/migrations/ID/actions\` with \`{"action": …}\`. What is not allowed in a status is refused with 409, the
status and what is allowed; every action leaves an audit line with who asked and what (\`GET /v1/audit\`).

${actions()}

## Steps of a cold migration

Each is idempotent: a worker that takes over begins at the first step whose result is no longer valid.

${steps('cold')}

## Steps of a warm migration

Not in this version: \`"mode": "warm"\` is refused with 501.

${steps('warm')}
`;
}
