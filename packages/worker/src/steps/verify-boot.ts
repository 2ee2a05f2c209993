import { Script } from 'node:vm';
import { type BootProof, compileBootPattern, GutsError } from '@guts/core';
import type { StepContext, StepResult } from '../context.ts';
import { keptConsole } from './console-text.ts';

/** What an ordinary guest's console shows once it is up; the operator may name another pattern. */
const DEFAULT_PATTERN = '\\blogin: ?$|Reached target .*(Multi-User|Graphical)|Cloud-init .* finished';
const LOOK_EVERY_MS = 1000;
/** Of the console's text, from its end; characters. */
const LOOK_AT = 64 * 1024;
/** Of a line, from its end; characters. */
const LINE = 4096;
/** How long one look may take. Some patterns never end on some texts, and nothing else runs meanwhile. */
const LOOK_MS = 200;
/** Looks in a row that take too long: one may be the host's fault. */
const SLOW_LOOKS = 3;
const FIND = new Script('lines.find((line) => pattern.test(line)) ?? null');

const TOO_SLOW = Symbol('too slow');

/** The first line that matches, or null. */
function look(text: string, pattern: RegExp): string | null | typeof TOO_SLOW {
  const lines = text.slice(-LOOK_AT).split(/\r?\n/);
  const ends = lines.map((line) => line.slice(-LINE));
  try {
    const found = FIND.runInNewContext({ lines: ends, pattern }, { timeout: LOOK_MS }) as string | null;
    return found === null ? null : found.trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return TOO_SLOW;
    throw error;
  }
}

const tooSlow = ({ source }: RegExp): string =>
  `${source} takes more than ${LOOK_MS} ms to compare with what the console shows: give one without repetitions of repetitions`;

/** @param shown takes what the console shows at each look */
async function watchConsole(
  context: StepContext,
  serverId: string,
  pattern: RegExp,
  shown: (text: string) => void,
): Promise<BootProof> {
  const { destination, migration, clock, signal } = context;
  const deadline = clock.monotonic() + migration.spec.policies.bootSeconds * 1000;
  let seen = false;
  let slow = 0;
  for (;;) {
    const text = await destination.console(serverId, signal);
    if (text !== null) shown(text);
    seen ||= text !== null && text.trim() !== '';
    const line = text === null ? null : look(text, pattern);
    if (line === TOO_SLOW) slow += 1;
    else if (line !== null) return { proven: true, by: 'console', evidence: line };
    else slow = 0;
    if (slow === SLOW_LOOKS) return { proven: false, by: null, evidence: tooSlow(pattern) };
    if (clock.monotonic() >= deadline) break;
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
  const { bootSeconds } = migration.spec.policies;
  const why = seen
    ? `the console shows nothing that matches ${pattern.source} after ${bootSeconds} seconds`
    : `the console shows no text after ${bootSeconds} seconds`;
  return { proven: false, by: null, evidence: why };
}

/** Watches, and keeps what was last seen, however it ends: without proof it says more than the reason does. */
async function watchAndKeep(context: StepContext, pattern: RegExp): Promise<BootProof> {
  const { journal, log } = context;
  let last: string | null = null;
  let proof: BootProof;
  try {
    proof = await watchConsole(context, await journal.idOf('server'), pattern, (text) => (last = text));
  } catch (error) {
    // Why it ended early counts more than whether this could be written.
    if (last !== null)
      await journal.putConsole(keptConsole(last)).catch((failed: unknown) => {
        log.warn({ err: failed }, 'what the console showed is not kept');
      });
    throw error;
  }
  // Nothing seen is kept, too: what an earlier attempt saw was another server's.
  await journal.putConsole(keptConsole(last ?? ''));
  return proof;
}

/** `ACTIVE` is no proof of a boot: the guest's own words are. */
export async function verifyBoot(context: StepContext): Promise<StepResult> {
  const { migration } = context;
  const { verifyBoot: policy, bootPattern } = migration.spec.policies;
  if (policy === 'off')
    return { status: 'skipped', note: 'left out, as the policy says: boot not looked at' };
  const pattern = compileBootPattern(bootPattern ?? DEFAULT_PATTERN);
  const proof = await watchAndKeep(context, pattern);
  if (!proof.proven && policy === 'require') {
    throw new GutsError('boot_not_proven', `the target is not seen to boot: ${proof.evidence}`, {
      remedy:
        'Read what its console showed (guts migration console); if the guest is well, name a pattern it prints, or let the policy only report.',
    });
  }
  const note = proof.proven
    ? `boot proven by console: ${proof.evidence}`
    : `boot: not proven (${proof.evidence})`;
  return { status: 'done', output: proof, note };
}
