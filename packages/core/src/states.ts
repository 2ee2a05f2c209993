/**
 * The life of a migration as data: one row per status, one edge per event. The API's allowed actions, the
 * scheduler's and the workers' moves and the drawing in docs are all read from this table.
 */

export const STATUSES = [
  'queued',
  'scheduled',
  'running',
  'awaiting_cutover',
  'failed',
  'cancelling',
  'completed',
  'reverting',
  'committing',
  'cancelled',
  'reverted',
  'committed',
] as const;
export type Status = (typeof STATUSES)[number];

/** What a migration is about; `undo` while cancelling, reverting or cleaning up after a failure. */
export const PHASES = ['copy', 'sync', 'cutover', 'undo'] as const;
export type Phase = (typeof PHASES)[number];

/** What a person may ask of a migration. */
export const ACTIONS = ['cancel', 'retry', 'cutover', 'revert', 'commit'] as const;
export type Action = (typeof ACTIONS)[number];

export interface StatusRule {
  /** One line for people. */
  readonly doc: string;
  /** `lease`: a worker runs it; `reservation`: a worker is promised; `none`. */
  readonly holds: 'none' | 'reservation' | 'lease';
  /** No event leads out of a final status. */
  readonly final: boolean;
  readonly leadsTo: readonly Status[];
  /** Actions accepted here; any other is refused with 409 and this list. */
  readonly actions: readonly Action[];
}

export const STATUS_RULES: Readonly<Record<Status, StatusRule>> = {
  queued: {
    doc: 'Waits for a worker; the reason is stored.',
    holds: 'none',
    final: false,
    leadsTo: ['scheduled', 'cancelled', 'cancelling'],
    actions: ['cancel'],
  },
  scheduled: {
    doc: 'A worker is reserved until a deadline.',
    holds: 'reservation',
    final: false,
    leadsTo: ['running', 'queued', 'cancelling', 'cancelled'],
    actions: ['cancel'],
  },
  running: {
    doc: 'A worker runs its steps under a lease.',
    holds: 'lease',
    final: false,
    // `committing` where the policy is to commit at once.
    leadsTo: ['awaiting_cutover', 'completed', 'committing', 'failed', 'cancelling', 'queued'],
    actions: ['cancel', 'cutover'],
  },
  awaiting_cutover: {
    doc: 'Source up, data in sync; waits for the cutover or the next sync.',
    holds: 'none',
    final: false,
    leadsTo: ['queued', 'cancelling'],
    actions: ['cancel', 'cutover'],
  },
  failed: {
    doc: 'The source is as it was; residue is listed.',
    holds: 'none',
    final: false,
    // Retry of a revert that failed resumes the revert.
    leadsTo: ['queued', 'cancelling', 'reverting'],
    actions: ['cancel', 'retry'],
  },
  cancelling: {
    doc: 'A worker removes what was made and restores the source.',
    holds: 'lease',
    final: false,
    leadsTo: ['cancelled', 'failed'],
    actions: [],
  },
  completed: {
    doc: 'Source off, target proven.',
    holds: 'none',
    final: false,
    leadsTo: ['committing', 'reverting'],
    actions: ['revert', 'commit'],
  },
  reverting: {
    doc: 'A worker parks the target and brings the source back.',
    holds: 'lease',
    final: false,
    leadsTo: ['reverted', 'failed'],
    actions: [],
  },
  committing: {
    doc: 'A worker ends revertability: what only a revert needs is dropped.',
    holds: 'lease',
    final: false,
    // Back to `completed`, with the reason, when something could not be dropped: ask again.
    leadsTo: ['committed', 'completed'],
    actions: [],
  },
  cancelled: { doc: 'Ended by request.', holds: 'none', final: true, leadsTo: [], actions: [] },
  reverted: { doc: 'Source back as it was.', holds: 'none', final: true, leadsTo: [], actions: [] },
  committed: { doc: 'Revertability ended.', holds: 'none', final: true, leadsTo: [], actions: [] },
};

/** True when the table has the edge. */
export function mayMove(from: Status, to: Status): boolean {
  return STATUS_RULES[from].leadsTo.includes(to);
}

/** True when a person may ask for the action in this status. */
export function mayAsk(status: Status, action: Action): boolean {
  return STATUS_RULES[status].actions.includes(action);
}

/** Statuses that a lost worker leaves as they are: the same work is queued again under them. */
export const KEPT_STATUSES: readonly Status[] = STATUSES.filter(
  (status) => STATUS_RULES[status].holds === 'lease' && status !== 'running',
);
