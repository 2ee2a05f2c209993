import { type OptionWord, type Place, quoted } from './places.ts';

const texts = (words: readonly { readonly text: string }[]): string[] => words.map(({ text }) => text);

/** What an option's value may be, where that is known; of the same option everywhere. */
function valueCases(places: readonly Place[]): string[] {
  const known = new Map<string, OptionWord>();
  for (const { path, options } of places)
    for (const one of options)
      if (one.choices) known.set(`${path.map((name) => ` ${name}`).join('')}:${one.text}`, one);
  return [...known].map(
    ([key, one]) => `    ${quoted(key)}) words=${quoted((one.choices ?? []).join(' '))} ;;`,
  );
}

/** For bash 4 and newer. */
export function bashScript(places: readonly Place[]): string {
  const pathOf = ({ path }: Place): string => path.map((name) => ` ${name}`).join('');
  // A word that is no command here (a value, a name) leaves the place as it is.
  const steps = places.slice(1).map((place) => quoted(pathOf(place)));
  const valued = [
    ...new Set(places.flatMap(({ options }) => texts(options.filter((one) => one.takesValue)))),
  ];
  return [
    `# bash completion of guts: source <(guts completion bash)`,
    '_guts() {',
    '  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path= words= i',
    '  for ((i = 1; i < COMP_CWORD; i++)); do',
    '    case "$path ${COMP_WORDS[i]}" in',
    `      ${steps.join('|')}) path="$path \${COMP_WORDS[i]}" ;;`,
    '    esac',
    '  done',
    '  case "$path:$prev" in',
    ...valueCases(places),
    '  esac',
    '  if [[ -z $words ]]; then',
    '    case "$prev" in',
    // Files, by `-o default`.
    `      ${valued.join('|')}) COMPREPLY=(); return ;;`,
    '    esac',
    '    case "$path" in',
    ...places.map(
      (place) =>
        `      ${quoted(pathOf(place))}) words=${quoted(
          [...texts(place.commands), ...(place.choices ?? []), ...texts(place.options)].join(' '),
        )} ;;`,
    ),
    '    esac',
    '  fi',
    '  COMPREPLY=($(compgen -W "$words" -- "$cur"))',
    '}',
    'complete -o default -F _guts guts',
    '',
  ].join('\n');
}
