import type { Command } from 'commander';

interface Place {
  /** Commands to get here, with a blank before each; empty: the program itself. */
  readonly path: string;
  readonly words: readonly string[];
}

const longs = (command: Command): string[] =>
  command.options.flatMap(({ long, hidden }) => (long && !hidden ? [long] : []));

function places(command: Command, path: string, globals: readonly string[]): Place[] {
  const names = command.commands.map((one) => one.name());
  const words = [...new Set([...names, ...longs(command), ...globals, '--help'])];
  const below = command.commands.flatMap((one) => places(one, `${path} ${one.name()}`, globals));
  return [{ path, words }, ...below];
}

/** A script for bash that completes commands and options, made from the commands there are. */
export function bashCompletion(program: Command): string {
  const all = places(program, '', longs(program));
  // A word that is no command here (a value, a name) leaves the place as it is.
  const steps = all.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`);
  return [
    `# bash completion of guts: source <(guts completion bash)`,
    '_guts() {',
    '  local cur=${COMP_WORDS[COMP_CWORD]} path= words= i',
    '  for ((i = 1; i < COMP_CWORD; i++)); do',
    '    case "$path ${COMP_WORDS[i]}" in',
    `      ${steps.join('|')}) path="$path \${COMP_WORDS[i]}" ;;`,
    '    esac',
    '  done',
    '  case "$path" in',
    ...all.map(({ path, words }) => `    '${path}') words='${words.join(' ')}' ;;`),
    '  esac',
    '  COMPREPLY=($(compgen -W "$words" -- "$cur"))',
    '}',
    'complete -o default -F _guts guts',
    '',
  ].join('\n');
}
