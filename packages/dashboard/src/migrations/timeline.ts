import { type Migration, STEPS, type Step } from '@guts/contract';

/** A step as the timeline shows it: its last attempt; null: it has not begun. */
export interface TimelineStep {
  readonly name: Step['step'];
  readonly last: Step | null;
  readonly attempts: readonly Step[];
}

/** All steps of a migration in their order, with what the journal has of them. */
export function timelineOf(mode: Migration['mode'], journal: readonly Step[]): readonly TimelineStep[] {
  return STEPS[mode].map((name) => {
    const attempts = journal.filter(({ step }) => step === name).sort((a, b) => a.attempt - b.attempt);
    return { name, last: attempts.at(-1) ?? null, attempts };
  });
}

/** Seconds that an attempt took, or takes until now. */
export function secondsOf({ started_at: from, finished_at: to }: Step, now: number): number {
  return Math.max(0, ((to === null ? now : Date.parse(to)) - Date.parse(from)) / 1000);
}
