import { type NewMigration, SERVED_ACTIONS } from '@guts/contract';
import { type Action, GutsError, type Migration, STATUS_RULES } from '@guts/core';

/**
 * What may be asked of a migration now. One whose revert failed can only go on with it: a cancel would delete the
 * target, which may be parked with all that was written since cutover.
 */
export function allowedActions({ status, request }: Pick<Migration, 'status' | 'request'>): Action[] {
  return STATUS_RULES[status].actions.filter(
    (one) =>
      SERVED_ACTIONS.includes(one) &&
      !(one === 'cancel' && status === 'failed' && request?.action === 'revert'),
  );
}

/**
 * Refuses what may be asked but is not done yet. Taken in silence, a rehearsal would switch the source off like a
 * production migration.
 * @throws GutsError `unsupported`
 */
export function refuseUnsupported({ mode, purpose }: NewMigration): void {
  const refuse = (message: string, field: string, remedy: string): never => {
    throw new GutsError('unsupported', message, { field: `body.${field}`, remedy });
  };
  if (mode === 'warm')
    refuse('this version moves machines cold only', 'mode', 'Leave the mode out, or say cold.');
  if (purpose === 'rehearsal')
    refuse(
      'this version has no rehearsals: the source would be shut down as in production',
      'purpose',
      'Leave the purpose out, or say production.',
    );
}
