export { apiWatchSource } from './commands/migrations.ts';
export { addClientCommands, type ClientParts } from './client-commands.ts';
export { revertWarning } from './commands/migration-actions.ts';
export { confirm, terminalAsk } from './confirm.ts';
export { type CliContext, UsageError } from './context.ts';
export { addMigrationOptions, migrationBody, type MigrationOptions } from './migration-options.ts';
export { reportText } from './output/report.ts';
export { drawTable } from './output/table.ts';
export { watchMigrations, type WatchSource } from './watch.ts';
