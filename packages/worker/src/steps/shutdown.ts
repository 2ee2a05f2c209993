import { GutsError } from '@guts/core';
import { preflightOutput, type StepContext, type StepResult } from '../context.ts';

export interface ShutdownOutput {
  readonly wasOn: boolean;
  /** ISO 8601: when the source was last seen on. */
  readonly offAt: string;
}

async function stop(context: StepContext): Promise<string> {
  const { source, migration, signal } = context;
  const { power, shutdownSeconds } = migration.spec.policies;
  const ref = migration.instanceRef;
  if (power === 'off') {
    await source.powerOff(ref, signal);
    return 'power was cut, as the policy says';
  }
  const outcome = await source.shutdownGuest(ref, shutdownSeconds, signal);
  if (outcome === 'off') return 'the guest shut itself down';
  const why =
    outcome === 'no-tools'
      ? 'VMware Tools do not run in the guest'
      : `the guest did not stop within ${shutdownSeconds} seconds`;
  if (power === 'guest-only') {
    throw new GutsError('source_power', `the guest could not be shut down: ${why}`, {
      remedy: 'Stop it by hand and retry, or let the policy cut power (power: guest, or off).',
    });
  }
  await source.powerOff(ref, signal);
  return `${why}; power was cut, as the policy allows`;
}

/** Ends only when the source is seen off. */
export async function shutdown(context: StepContext): Promise<StepResult> {
  const { source, migration, journal, clock, signal } = context;
  const ref = migration.instanceRef;
  preflightOutput(context);
  const was = await source.powerState(ref, signal);
  const { artifact } = await journal.intend({
    kind: 'power_state',
    side: 'source',
    role: 'power',
    name: null,
    data: { was },
  });
  const wasOn = artifact.data['was'] === 'on';
  const offAt = new Date(clock.now()).toISOString();
  const note = was === 'off' ? (wasOn ? 'it is off by now' : 'it was off already') : await stop(context);
  const now = await source.powerState(ref, signal);
  if (now !== 'off') throw new GutsError('source_power', `the source is still ${now} after it was stopped`);
  await journal.created(artifact, 'off');
  const output: ShutdownOutput = { wasOn, offAt };
  return { status: 'done', output, note };
}
