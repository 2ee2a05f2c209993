import { GutsError, type Operation, type ReapInput } from '@guts/core';
import type { OperationParts, Work } from './operation.ts';
import { reapDestination, reapSource } from './reap.ts';
import { refreshDestination } from './refresh-destination.ts';
import { refreshSource } from './refresh.ts';
import { validateDestination, validateSource } from './validate.ts';

/** What to do for an operation. */
export function workOf(parts: OperationParts, operation: Operation): Work {
  switch (operation.kind) {
    case 'source.validate':
      return (one, signal) => validateSource(parts, one.subjectId, signal);
    case 'source.refresh':
      return (one, signal, say) => refreshSource(parts, one, signal, say);
    case 'destination.validate':
      return (one, signal) => validateDestination(parts, one.subjectId, signal);
    case 'destination.refresh':
      return (one, signal) => refreshDestination(parts, one.subjectId, signal);
    case 'source.reap':
      return (one, signal, say) =>
        reapSource(parts, one.subjectId, one.input as unknown as ReapInput, signal, say);
    case 'destination.reap':
      return (one, signal, say) =>
        reapDestination(parts, one.subjectId, one.input as unknown as ReapInput, signal, say);
    case 'migration.preflight':
      throw new GutsError('unsupported', `this version does not run ${operation.kind}`);
    default:
      throw new GutsError('internal', `unknown operation ${String(operation.kind satisfies never)}`);
  }
}
