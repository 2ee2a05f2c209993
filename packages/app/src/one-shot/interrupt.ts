import { setTimeout as sleep } from 'node:timers/promises';
import { act, type ActionParts, allowedActions } from '@guts/api';
import { GutsError, messageOf } from '@guts/core';
import { ASKER, SCOPE } from './asker.ts';

const AGAIN_MS = 50;
const AFTER_FAILURE_MS = 1000;

/**
 * Asks for the cancel of a migration that may move at the same moment, until it is asked for or there is nothing to
 * cancel any more.
 */
export async function cancelSurely(parts: ActionParts, id: string): Promise<void> {
  for (;;) {
    const migration = await parts.store.getMigration(id, SCOPE);
    if (!migration || migration.cancelRequested || migration.status === 'failed') return;
    if (!allowedActions(migration).includes('cancel')) return;
    try {
      await act(parts, migration, { action: 'cancel' }, ASKER);
      return;
    } catch (error) {
      if (!(error instanceof GutsError && error.code === 'conflict')) throw error;
      await sleep(AGAIN_MS);
    }
  }
}

/** The part of Node's process that is used. */
interface Process {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  off(signal: NodeJS.Signals, listener: () => void): unknown;
  exit(code: number): void;
  readonly stderr: { write(text: string): unknown };
}

/**
 * First interrupt: what can be cancelled is put back. Second: the process ends, and a later run goes on.
 * @param told what is said at the first
 * @returns ends that
 */
export function undoOnInterrupt(
  parts: ActionParts,
  ids: readonly string[],
  process: Process,
  told: string,
): () => void {
  const over = new AbortController();
  const putBack = async (id: string): Promise<void> => {
    while (!over.signal.aborted) {
      try {
        return await cancelSurely(parts, id);
      } catch (error) {
        if (over.signal.aborted) return;
        process.stderr.write(`guts: migration ${id} is not cancelled yet: ${messageOf(error)}\n`);
        await sleep(AFTER_FAILURE_MS, undefined, { signal: over.signal }).catch(() => undefined);
      }
    }
  };
  let asked = false;
  const interrupted = (): void => {
    if (asked) return process.exit(130);
    asked = true;
    process.stderr.write(`${told}\n`);
    for (const id of ids) void putBack(id);
  };
  process.on('SIGINT', interrupted);
  process.on('SIGTERM', interrupted);
  return () => {
    over.abort();
    process.off('SIGINT', interrupted);
    process.off('SIGTERM', interrupted);
  };
}
