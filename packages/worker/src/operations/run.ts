import { GutsError, messageOf, type NewEvent, toStoredError } from '@guts/core';
import type { OperationParts } from './operation.ts';
import { workOf } from './registry.ts';

/**
 * Takes one operation and runs it; false when none waits.
 * @param stopping ends it in the middle: it waits for another worker then
 */
export async function runOneOperation(parts: OperationParts, stopping: AbortSignal): Promise<boolean> {
  const { store, clock, workerId, leaseSeconds } = parts;
  const claimedAt = clock.monotonic();
  const operation = await store.claimOperation(workerId, leaseSeconds);
  if (!operation) return false;
  const log = parts.log.child({ operation_id: operation.id });
  const lost = new AbortController();
  const done = new AbortController();
  let progress: string | null = null;
  const lose = (message: string): void => lost.abort(new GutsError('lease_lost', message));
  const keep = (async () => {
    let deadline = claimedAt + leaseSeconds * 1000;
    for (;;) {
      // Rejects only when the work has ended.
      await clock.sleep((leaseSeconds * 1000) / 3, done.signal).catch(() => undefined);
      if (done.signal.aborted) return;
      const asked = clock.monotonic();
      // It slept for long (the process was stopped): nothing may go on before the database has had its say.
      if (asked > deadline) return lose('the lease of the operation ran out');
      try {
        if (!(await store.renewOperation(operation.id, operation.epoch, leaseSeconds, progress)))
          return lose('another worker took the operation over');
        deadline = asked + leaseSeconds * 1000;
      } catch (error) {
        log.warn({ err: error }, 'the lease of the operation could not be renewed');
      }
    }
  })();
  const signal = AbortSignal.any([lost.signal, stopping]);
  const event = (type: string, message: string, severity: NewEvent['severity']): NewEvent => ({
    projectId: operation.projectId,
    resource: 'operation',
    resourceId: operation.id,
    type,
    severity,
    message,
    data: { kind: operation.kind, subject_id: operation.subjectId },
  });
  try {
    const result = await workOf(parts, operation)(operation, signal, (text) => (progress = text));
    const ended = event('operation.done', `${operation.kind} done`, 'information');
    await store.finishOperation(operation.id, operation.epoch, { status: 'done', result }, ended);
  } catch (error) {
    if (stopping.aborted) {
      log.info({}, 'the operation is handed over: the worker stops');
      await store.requeueOperation(operation.id, operation.epoch);
      return true;
    }
    log.warn({ err: error }, 'the operation failed');
    const ended = event('operation.failed', `${operation.kind} failed: ${messageOf(error)}`, 'error');
    const failure = { status: 'failed' as const, error: toStoredError(error) };
    await store.finishOperation(operation.id, operation.epoch, failure, ended);
  } finally {
    done.abort();
    await keep;
  }
  return true;
}
