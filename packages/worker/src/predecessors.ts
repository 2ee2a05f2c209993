import type { Service } from '@guts/core';
import type { Maker } from './journal.ts';
import type { RunContext } from './run-context.ts';

/** So long after a take-over a predecessor of whom nobody hears is taken for dead; in leases. */
const PATIENCE_LEASES = 2;
const LOOK_EVERY_MS = 1000;

/** A worker that lost its lease while it had a volume attached. */
interface Predecessor {
  readonly workerId: string;
  /** When its path was taken away, by the database's clock; milliseconds since the epoch. */
  readonly cutOffAt: number;
}

/** Those that were cut off before the last copy ended: whoever made that copy had closed its files. */
async function cutOff({ journal, keeper }: RunContext): Promise<readonly Predecessor[]> {
  const copy = (await journal.steps()).filter(({ step, status }) => step === 'transfer' && status === 'done');
  const epoch = copy.at(-1)?.epoch ?? keeper.lease.epoch;
  return (await journal.artifacts()).flatMap(({ data, updatedAt }) => {
    const { by, cutOff: cut } = data as { by?: Maker; cutOff?: boolean };
    if (cut !== true || by === undefined || by.epoch >= epoch) return [];
    // A worker takes no migration on before it has ended its own earlier run.
    if (by.workerId === keeper.lease.workerId) return [];
    return [{ workerId: by.workerId, cutOffAt: Date.parse(updatedAt) }];
  });
}

/**
 * Waits until no predecessor writes to the target any more. Where a volume is reached as a file, nothing fences a
 * process that has it open (see the driver's attachments): one that is stopped would write when it goes on, after the
 * data was verified. It is harmless when its service record is gone (it ended), when it was heard of a whole lease
 * after it was cut off (it goes on, and by its own clock its lease is over), or, in the end, after two leases.
 */
export async function predecessorsGone(run: RunContext): Promise<void> {
  const { journal, keeper, log } = run;
  const { clock } = run.parts;
  const lease = keeper.lease.seconds * 1000;
  const harmless = ({ workerId, cutOffAt }: Predecessor, services: readonly Service[]): boolean => {
    const service = services.find(({ id }) => id === workerId);
    return !service || Date.parse(service.heartbeatAt) - cutOffAt >= lease;
  };
  const all = await cutOff(run);
  for (let told = false; ; told = true) {
    const services = await run.services();
    const feared = all.filter((one) => !harmless(one, services));
    if (feared.length === 0) return;
    const names = [...new Set(feared.map(({ workerId }) => workerId))].join(', ');
    const left = run.began + PATIENCE_LEASES * lease - clock.monotonic();
    if (left <= 0) {
      const text = `nothing was heard of ${names} for two leases: taken for dead`;
      log.warn({ workers: names }, text);
      return journal.note('migration.predecessor_silent', text, 'warning');
    }
    if (!told) {
      const seconds = Math.ceil(left / 1000);
      const text = `waiting until ${names} has ended or is heard of again, at most ${seconds} seconds: it had volumes of the target open and may still write to them`;
      await journal.note('migration.waiting', text);
    }
    await clock.sleep(Math.min(LOOK_EVERY_MS, left), keeper.signal);
  }
}
