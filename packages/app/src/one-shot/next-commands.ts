import { allowedActions } from '@guts/api';
import { type Migration, STATUS_RULES } from '@guts/core';
import { DEFAULT_USERNAME, type OneShotAction, type OneShotOptions } from './options.ts';

const PURPOSE: Readonly<Record<OneShotAction, string>> = {
  revert: 'to go back to the source',
  commit: 'to keep it for good',
  retry: 'to go on',
  cancel: 'to put everything back',
};

/** A word as a POSIX shell takes it. */
function word(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** The line that asks an action of a migration, with what this run was told of both ends. */
function actionLine(
  options: OneShotOptions,
  action: OneShotAction,
  migration: Migration,
  cloud: string | undefined,
): string {
  const { source, username, passwordFile, ca, fingerprint, insecure } = options;
  const given = [
    ['--source', source],
    ['--username', username === DEFAULT_USERNAME ? undefined : username],
    ['--password-file', passwordFile],
    ['--ca', ca],
    ['--fingerprint', fingerprint],
    ['--cloud', cloud],
    // The ref: unlike a name it means one machine, whatever it is called by then.
    ['--instance', migration.instanceRef],
  ].flatMap(([name, value]) => (name === undefined || value === undefined ? [] : [name, value]));
  return ['guts', 'migrate', '--action', action, ...given, ...(insecure ? ['--insecure'] : [])]
    .map(word)
    .join(' ');
}

/** A migration that somebody has only to run. */
const onItsWay = ({ status }: Migration): boolean =>
  !STATUS_RULES[status].final && status !== 'completed' && status !== 'failed';

/**
 * What can be done next with a migration of the one-shot, as command lines, each with its purpose.
 * @param cloud left out: the one that this run was given, if any
 */
export function nextCommands(
  options: OneShotOptions,
  migration: Migration,
  cloud: string | undefined = options.cloud,
): string[] {
  const allowed = allowedActions(migration);
  const may = (action: OneShotAction): boolean =>
    allowed.includes(action) || (action === 'retry' && onItsWay(migration));
  return (Object.keys(PURPOSE) as OneShotAction[])
    .filter(may)
    .map((action) => `${PURPOSE[action]}: ${actionLine(options, action, migration, cloud)}`);
}
