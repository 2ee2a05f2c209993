import { ERROR_CODES, type NewMigration, routes } from '@guts/contract';
import type { CliContext } from '../context.ts';
import { planText } from '../output/plan.ts';
import { showJson, showOne } from '../output/show.ts';

export const DRY_RUN_HELP = 'makes nothing: shows what would be made, and what preflight says';
/** When a blocker was found. */
export const BLOCKED_EXIT = ERROR_CODES.preflight_blocked.exit;

/** Columns that a table may take; 0: any. */
export function widthOf({ shape, out }: Pick<CliContext, 'shape' | 'out'>): number {
  if (shape.maxWidth > 0) return shape.maxWidth;
  return out.isTTY === true ? (out.columns ?? 0) : 0;
}

/** Shows what a migration would be; ends with {@link BLOCKED_EXIT} when it would be blocked. */
export async function dryRun(context: CliContext, body: NewMigration): Promise<void> {
  const answer = await context.client.call(routes.migrations.create, { body: { ...body, dry_run: true } });
  if (!('dry_run' in answer)) throw new TypeError('a dry run was asked for, not a migration');
  const told = answer.dry_run;
  if (context.json) showJson(context.out, told);
  else if (context.shape.format === 'table')
    context.out.write(`${planText(told.check, told.not_asked, widthOf(context))}\n`);
  else showOne(context, told);
  if (told.check.result === 'blocked') context.exit(BLOCKED_EXIT);
}
