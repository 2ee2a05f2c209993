import { ERROR_CODES } from '@guts/contract';
import type { Command } from 'commander';

const WIDTH = 110;

export interface Leaf {
  /** Names of the commands, without `guts`. */
  readonly path: string;
  readonly help: string;
}

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (more) => (text += more), getOutHelpWidth: () => WIDTH });
  command.outputHelp();
  return text;
}

/** Every command that can be called, with its help. */
export function leavesOf(program: Command): Leaf[] {
  const walk = (command: Command, path: readonly string[]): Leaf[] => {
    // `guts migration` has commands below and is one itself.
    const called = command.commands.length === 0;
    const own = called ? [{ path: path.join(' '), help: helpOf(command) }] : [];
    return [...own, ...command.commands.flatMap((one) => walk(one, [...path, one.name()]))];
  };
  return walk(program, []);
}

const block = (text: string): string =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => (line === '' ? '' : `    ${line}`))
    .join('\n');

/** The exit codes, each with the codes of errors that end so. */
function exitCodes(): string {
  const codes = new Map<number, string[]>();
  for (const [code, { exit }] of Object.entries(ERROR_CODES))
    codes.set(exit, [...(codes.get(exit) ?? []), `\`${code}\``]);
  const lines = [...codes].toSorted(([a], [b]) => a - b).map(([exit, all]) => `- ${exit}: ${all.join(', ')}`);
  return ['- 0: done', ...lines].join('\n');
}

/** `docs/cli.md`: what every command says of itself. */
export function commandReference(program: Command): string {
  const leaves = leavesOf(program);
  return `# The command line

Made from the commands themselves; \`npx vitest run packages/app/test/documents.test.ts -u\` writes it anew.
[operations.md](operations.md) says what to do with them.

Options of the program, as its help shows them first, may stand anywhere on the line. \`-f json\`, \`yaml\`, \`csv\` and
\`value\`, and \`-c COLUMN\`, shape lists and single things as OpenStack's clients do; \`--json\` gives the API's own
answer, and errors as one JSON document on standard error. \`--debug\` shows each request to guts-api and Keystone.

## Exit codes

A command that fails says why on standard error and ends with the code of its error, of which
[errors.md](errors.md) tells more. A wait (\`--wait\`, \`watch\`) ends with the code of the migration's error.

${exitCodes()}

## guts

${block(helpOf(program))}

${leaves.map(({ path, help }) => `## guts ${path}\n\n${block(help)}`).join('\n\n')}
`;
}
