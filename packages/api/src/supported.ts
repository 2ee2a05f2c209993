import { type Action, GutsError } from '@guts/core';
import type { NewMigration } from '@guts/contract';

/** Of the actions that the life cycle knows, those that this version's workers can carry out. */
export const SERVED_ACTIONS: readonly Action[] = ['cancel', 'retry'];

/**
 * Refuses what may be asked but is not done yet. Taken in silence, a rehearsal would switch the source off like a
 * production migration.
 * @throws GutsError `unsupported`
 */
export function refuseUnsupported({ mode, purpose, policies }: NewMigration): void {
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
  if (policies?.commit === 'auto')
    refuse('this version cannot commit a migration', 'policies.commit', 'Leave it out, or say manual.');
}
