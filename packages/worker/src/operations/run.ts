import {
  type Clock,
  GutsError,
  type InventoryObject,
  type Log,
  messageOf,
  type NewEvent,
  type Operation,
  type Store,
  toStoredError,
  type ValidationReport,
} from '@guts/core';
import type { Connections } from '../connections.ts';

const LEASE_SECONDS = 60;
const BATCH = 200;

export interface OperationParts {
  readonly store: Store;
  readonly connections: Connections;
  readonly clock: Clock;
  readonly log: Log;
  readonly workerId: string;
  readonly newId: () => string;
}

type Work = (operation: Operation, signal: AbortSignal, say: (progress: string) => void) => Promise<unknown>;

/** Takes one operation and runs it; false when none waits. */
export async function runOneOperation(parts: OperationParts, stopping: AbortSignal): Promise<boolean> {
  const { store, clock, workerId } = parts;
  const operation = await store.claimOperation(workerId, LEASE_SECONDS);
  if (!operation) return false;
  const log = parts.log.child({ operation_id: operation.id });
  const lost = new AbortController();
  const done = new AbortController();
  let progress: string | null = null;
  const keep = (async () => {
    while (!done.signal.aborted) {
      try {
        await clock.sleep((LEASE_SECONDS * 1000) / 3, done.signal);
      } catch {
        return; // the work ended
      }
      const held = await store
        .renewOperation(operation.id, operation.epoch, LEASE_SECONDS, progress)
        .catch(() => true);
      if (!held) return lost.abort(new GutsError('lease_lost', 'another worker took the operation over'));
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

function workOf(parts: OperationParts, operation: Operation): Work {
  switch (operation.kind) {
    case 'source.validate':
      return (one, signal) => validateSource(parts, one.subjectId, signal);
    case 'source.refresh':
      return (one, signal, say) => refreshSource(parts, one.subjectId, signal, say);
    case 'destination.validate':
      return (one, signal) => validateDestination(parts, one.subjectId, signal);
    case 'destination.facts':
    case 'migration.preflight':
      throw new GutsError('unsupported', `this version does not run ${operation.kind}`);
    default:
      throw new GutsError('internal', `unknown operation ${String(operation.kind satisfies never)}`);
  }
}

async function recordValidation(
  parts: OperationParts,
  side: 'source' | 'destination',
  id: string,
  validate: () => Promise<ValidationReport>,
): Promise<ValidationReport> {
  try {
    const report = await validate();
    const blocker = report.findings.find((finding) => finding.severity === 'blocker');
    await parts.store.updateEndpoint(side, id, {
      status: blocker ? 'invalid' : 'valid',
      statusReason: blocker?.message ?? null,
      report,
      validated: true,
    });
    return report;
  } catch (error) {
    if (!(error instanceof GutsError && error.code === 'lease_lost'))
      await parts.store.updateEndpoint(side, id, {
        status: 'invalid',
        statusReason: messageOf(error),
        validated: true,
      });
    throw error;
  }
}

function validateSource(parts: OperationParts, id: string, signal: AbortSignal): Promise<ValidationReport> {
  return recordValidation(parts, 'source', id, async () => {
    const source = await parts.connections.openSource(id, { signal, log: parts.log });
    try {
      return await source.validate(signal);
    } finally {
      await source.close();
    }
  });
}

function validateDestination(
  parts: OperationParts,
  id: string,
  signal: AbortSignal,
): Promise<ValidationReport> {
  return recordValidation(parts, 'destination', id, async () => {
    const context = { targetProject: null, signal, log: parts.log };
    const destination = await parts.connections.openDestination(id, context);
    try {
      return await destination.validate(signal);
    } finally {
      await destination.close();
    }
  });
}

async function refreshSource(
  parts: OperationParts,
  id: string,
  signal: AbortSignal,
  say: (progress: string) => void,
): Promise<{ objects: number }> {
  const { store, connections, log, newId } = parts;
  const source = await connections.openSource(id, { signal, log });
  const generation = newId();
  let objects = 0;
  let batch: InventoryObject[] = [];
  const put = async (): Promise<void> => {
    await store.putInventory(id, generation, batch);
    objects += batch.length;
    say(`${objects} objects`);
    batch = [];
  };
  try {
    for await (const object of source.inventory(signal)) {
      batch.push(object);
      if (batch.length >= BATCH) await put();
    }
    await put();
    await store.finishInventory(id, generation);
    await store.updateEndpoint('source', id, { refreshed: true, status: 'valid', statusReason: null });
    return { objects };
  } finally {
    await source.close();
  }
}
