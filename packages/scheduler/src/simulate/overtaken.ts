import { type Decision, type Limits, takesOf } from '@guts/core';
import { workOf } from './bound.ts';
import type { Job } from './mixes.ts';

/** What one waits for that lacks no resource: a slot, which those of its own plan compete for. */
const slotOf = ({ planId }: Job): string => `slot of ${planId ?? ''}`;

/** Sees who gets what others wait for, although it was asked for later. */
export class Overtaken {
  readonly #limits: Limits;
  /** Worst so far. */
  seconds = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** @param jobs all of them, by id */
  look(decisions: readonly Decision[], jobs: ReadonlyMap<string, Job>): void {
    const given = new Map<string, Job[]>();
    for (const { id, workerId } of decisions) {
      const job = jobs.get(id);
      if (workerId === null || !job) continue;
      const takes = takesOf(workOf(job, 0), this.#limits).map(({ resource }) => resource.key);
      for (const key of [...takes, slotOf(job)]) given.set(key, [...(given.get(key) ?? []), job]);
    }
    if (given.size === 0) return;
    for (const { id, workerId, trace } of decisions) {
      const job = jobs.get(id);
      if (workerId !== null || !job) continue;
      for (const other of given.get(trace.limit?.resource ?? slotOf(job)) ?? [])
        if (other.priority <= job.priority)
          this.seconds = Math.max(this.seconds, other.arrives - job.arrives);
    }
  }
}
