import { plainText, routes } from '@guts/contract';
import type { Command } from 'commander';
import type { Run } from '../context.ts';
import { examples } from '../examples.ts';
import { findMigration, MIGRATION_HELP } from '../find-migration.ts';
import { showJson } from '../output/show.ts';

/** `guts migration console`. */
export function addMigrationConsole(group: Command, run: Run): void {
  group
    .command('console')
    .argument('<migration>', MIGRATION_HELP)
    .summary('what the console of its server showed when its boot was looked for')
    .description(
      'Tells the last 64 KiB of what the console of the server showed when it was last looked at, whether the boot was proven or not. What could move the cursor or do worse to a terminal is left out; --json has it all, escaped.',
    )
    .addHelpText('after', examples('guts migration console web', 'guts migration console web --json'))
    .action((given: string) =>
      run(async ({ client, json, out }) => {
        const id = await findMigration(client, given);
        const { console: kept } = await client.call(routes.migrations.console, { params: { id } });
        if (json) return showJson(out, kept);
        const text = plainText(kept.text).trimEnd();
        out.write(text === '' ? 'the console showed no text\n' : `${text}\n`);
      }),
    );
}
