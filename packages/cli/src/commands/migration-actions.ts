import { type MigrationAction, routes } from '@guts/contract';
import { type Command, Option } from 'commander';
import { confirm } from '../confirm.ts';
import type { CliContext, Run } from '../context.ts';
import { examples } from '../examples.ts';
import { findMigration, MIGRATION_HELP } from '../find-migration.ts';
import { showOne } from '../output/show.ts';
import { WAIT_HELP, waitAndShow } from '../wait-migration.ts';

async function ask(context: CliContext, id: string, body: MigrationAction, wait: boolean): Promise<void> {
  const { migration } = await context.client.call(routes.migrations.act, { params: { id }, body });
  if (wait) return waitAndShow(context, body.action, migration);
  showOne(context, migration);
}

/** What a person is told before a revert. @param id of the migration, perhaps with more to know it by */
export function revertWarning(id: string, target: 'park' | 'remove'): string {
  const fate = target === 'park' ? 'stopped, locked and kept' : 'deleted';
  return (
    `Reverting migration ${id} brings the source back as it was. Whatever was written on the target since ` +
    `cutover is lost to it. The target is ${fate}.`
  );
}

/** `guts migration cancel|retry|revert|commit`. */
export function addMigrationActions(group: Command, run: Run): void {
  for (const [action, summary, description] of [
    [
      'cancel',
      'undoes it: nothing is left, the source is as it was',
      'Undoes a migration that has not ended: a worker removes what was made and restores the source.',
    ],
    [
      'retry',
      'goes on after a failure',
      'Goes on after a failure: at the first step whose result is no longer valid, or with the undo, the cancel or the revert that could not be ended.',
    ],
    [
      'commit',
      'ends revertability: what only a revert needs is dropped',
      'Ends revertability of a completed migration: the source has its change tracking as it was and is marked by a note (never deleted), images that nothing uses are removed. It cannot be reverted afterwards.',
    ],
  ] as const)
    group
      .command(action)
      .argument('<migration>', MIGRATION_HELP)
      .summary(summary)
      .description(description)
      .option('--wait', WAIT_HELP, false)
      .addHelpText('after', examples(`guts migration ${action} web`, `guts migration ${action} web --wait`))
      .action((given: string, { wait }: { wait: boolean }) =>
        run(async (context) => {
          const id = await findMigration(context.client, given);
          await ask(context, id, { action }, wait);
        }),
      );
  group
    .command('revert')
    .argument('<migration>', MIGRATION_HELP)
    .summary('brings the source back; the target is parked, or removed')
    .description(
      'Brings the source of a completed migration back as it was. What was written on the target since cutover is lost to it.',
    )
    .addOption(
      new Option('--target <what>', 'park: stopped, locked and kept; remove: deleted')
        .choices(['park', 'remove'])
        .default('park'),
    )
    .option('--yes', 'does not ask', false)
    .option('--wait', WAIT_HELP, false)
    .addHelpText(
      'after',
      examples('guts migration revert web', 'guts migration revert web --target remove --yes --wait'),
    )
    .action(
      (given: string, { target, yes, wait }: { target: 'park' | 'remove'; yes: boolean; wait: boolean }) =>
        run(async (context) => {
          const id = await findMigration(context.client, given);
          const name = id === given ? id : `${id} ("${given}")`;
          if (!(await confirm(context, revertWarning(name, target), yes))) return context.exit(1);
          await ask(context, id, { action: 'revert', confirm: true, target }, wait);
        }),
    );
}
