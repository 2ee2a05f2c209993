import { type BootProof, GutsError } from '@guts/core';
import type { StepContext, StepResult } from '../context.ts';

/** What an ordinary guest's console shows once it is up; the operator may name another pattern. */
const DEFAULT_PATTERN = '\\blogin: ?$|Reached target .*(Multi-User|Graphical)|Cloud-init .* finished';
const LOOK_EVERY_MS = 1000;

function matchingLine(text: string, pattern: RegExp): string | null {
  for (const line of text.split(/\r?\n/)) if (pattern.test(line)) return line.trim();
  return null;
}

async function watchConsole(context: StepContext, serverId: string, pattern: RegExp): Promise<BootProof> {
  const { destination, migration, clock, signal } = context;
  const deadline = clock.monotonic() + migration.spec.policies.bootSeconds * 1000;
  let seen = false;
  for (;;) {
    const text = await destination.console(serverId, signal);
    seen ||= text !== null && text.trim() !== '';
    const line = text === null ? null : matchingLine(text, pattern);
    if (line !== null) return { proven: true, by: 'console', evidence: line };
    if (clock.monotonic() >= deadline) break;
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
  const { bootSeconds } = migration.spec.policies;
  const why = seen
    ? `the console shows nothing that matches ${pattern.source} after ${bootSeconds} seconds`
    : `the console shows no text after ${bootSeconds} seconds`;
  return { proven: false, by: null, evidence: why };
}

/** `ACTIVE` is no proof of a boot: the guest's own words are. */
export async function verifyBoot(context: StepContext): Promise<StepResult> {
  const { migration, journal } = context;
  const { verifyBoot: policy, bootPattern } = migration.spec.policies;
  if (policy === 'off')
    return { status: 'skipped', note: 'left out, as the policy says: boot not looked at' };
  const pattern = new RegExp(bootPattern ?? DEFAULT_PATTERN, 'm');
  const proof = await watchConsole(context, await journal.idOf('server'), pattern);
  if (!proof.proven && policy === 'require') {
    throw new GutsError('boot_not_proven', `the target is not seen to boot: ${proof.evidence}`, {
      remedy:
        'Look at its console; if the guest is well, name a pattern it prints, or let the policy only report.',
    });
  }
  const note = proof.proven
    ? `boot proven by console: ${proof.evidence}`
    : `boot: not proven (${proof.evidence})`;
  return { status: 'done', output: proof, note };
}
