/** What every start of `guts` needs of this package: nothing that a command loads when it is called. */
export { addClientCommands, type ClientParts } from './client-commands.ts';
export { UsageError } from './context.ts';
export { examples } from './examples.ts';
export { LazyGroups } from './lazy-groups.ts';
