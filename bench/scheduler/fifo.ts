import {
  type Decision,
  lacking,
  type Limits,
  type SchedulingTrace,
  type SchedulingView,
  type Take,
  Usage,
} from '@guts/core';

function traceOf(lack: Take | null): SchedulingTrace {
  const limit = lack && {
    resource: lack.resource.key,
    used: lack.resource.used,
    wanted: lack.amount,
    limit: lack.resource.limit,
  };
  return { filters: [], weights: [], limit };
}

/** What a queue with limits does elsewhere: in order of asking, whatever fits goes to the first worker with a slot. */
export function fifo(view: SchedulingView, limits: Limits): readonly Decision[] {
  const usage = new Usage(view.holding, limits);
  const held = new Map<string, number>();
  for (const { workerId } of view.holding) held.set(workerId, (held.get(workerId) ?? 0) + 1);
  const workers = view.workers.filter((one) => one.alive);
  let next = 0;
  return view.waiting.map((work): Decision => {
    while (next < workers.length && isFull(next)) next += 1;
    const worker = workers[next];
    const takes = usage.takesOf(work);
    const lack = lacking(takes);
    if (!worker || lack) return { id: work.id, workerId: null, reason: 'waits', trace: traceOf(lack) };
    usage.take(takes);
    held.set(worker.id, (held.get(worker.id) ?? 0) + 1);
    return { id: work.id, workerId: worker.id, reason: 'fits', trace: traceOf(null) };
  });

  function isFull(index: number): boolean {
    const worker = workers[index];
    return worker !== undefined && (held.get(worker.id) ?? 0) >= worker.slots;
  }
}
