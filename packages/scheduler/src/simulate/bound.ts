import { type Limits, takesOf, type Work } from '@guts/core';
import type { Job } from './mixes.ts';

export interface Bound {
  /** No schedule ends sooner; seconds. */
  readonly seconds: number;
  /** What decides it: the longest job, or a resource's key. */
  readonly by: string;
}

/** A job as the decision sees it. */
export function workOf(job: Job, queuedAt: number): Work {
  return {
    id: job.id,
    projectId: 'simulated',
    planId: job.planId,
    priority: job.priority,
    direction: 'forward',
    phase: null,
    sourceId: 'vcenter',
    destinationId: 'cloud',
    targetProject: null,
    sourceDriver: 'vsphere',
    destinationDriver: 'openstack',
    demand: job.demand,
    queuedAt,
  };
}

/**
 * The larger of the longest job and, for each resource, its work divided by its capacity. Slots are a resource.
 * @param slots of all workers together
 */
export function boundOf(jobs: readonly Job[], limits: Limits, slots: number): Bound {
  const work = new Map<string, number>();
  let longest = 0;
  let slotSeconds = 0;
  for (const job of jobs) {
    longest = Math.max(longest, job.arrives + job.seconds);
    slotSeconds += job.seconds;
    for (const { resource, amount } of takesOf(workOf(job, 0), limits)) {
      const { key, limit } = resource;
      work.set(key, (work.get(key) ?? 0) + (job.seconds * Math.min(amount, limit)) / limit);
    }
  }
  let best: Bound = { seconds: longest, by: 'the longest job' };
  for (const [key, seconds] of [...work, ['slots', slotSeconds / slots] as const])
    if (seconds > best.seconds) best = { seconds, by: key };
  return best;
}
