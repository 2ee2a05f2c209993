import { type OptionWord, type Place, quoted } from './places.ts';

/** In what `_describe` shows, a colon parts the word from its meaning. */
const described = (text: string, help: string): string =>
  quoted(`${text.replaceAll(':', '\\:')}:${help.replaceAll(':', '\\:')}`);

function optionSpec({ text, help, takesValue, choices }: OptionWord): string {
  // In a spec of `_arguments`, brackets and colons part its fields.
  const meaning = help.replaceAll(/[[\]\\:]/g, (character) => `\\${character}`);
  const value = !takesValue ? '' : choices ? `:value:(${choices.join(' ')})` : ':value:_files';
  return quoted(`*${text}[${meaning}]${value}`);
}

/** For zsh, as a file `_guts` of `fpath`, or by `source <(guts completion zsh)`. */
export function zshScript(places: readonly Place[]): string {
  const keyOf = ({ path }: Place): string => path.join(' ');
  const globals = places[0]?.options ?? [];
  const isGlobal = (one: OptionWord): boolean => globals.some(({ text }) => text === one.text);
  const cases = places.flatMap((place) => {
    const { commands, choices } = place;
    const options = place.options.filter((one) => !isGlobal(one));
    return [
      `    ${quoted(keyOf(place))})`,
      `      commands=(${[
        ...commands.map(({ text, help }) => described(text, help)),
        ...(choices ?? []).map((one) => described(one, '')),
      ].join(' ')})`,
      `      options=(${options.map(optionSpec).join(' ')})`,
      '      ;;',
    ];
  });
  const steps = places.slice(1).map((place) => quoted(keyOf(place)));
  return [
    '#compdef guts',
    '# zsh completion of guts: guts completion zsh > a file _guts in a folder of fpath',
    '_guts() {',
    '  local place= word= i',
    '  local -a commands options',
    `  local -a globals=(${globals.map(optionSpec).join(' ')})`,
    '  for ((i = 2; i < CURRENT; i++)); do',
    '    word="${place:+$place }${words[i]}"',
    '    case "$word" in',
    `      ${steps.join('|')}) place="$word" ;;`,
    '    esac',
    '  done',
    '  case "$place" in',
    ...cases,
    '  esac',
    // One `*:` for all words that are no options: commands where there are some, files elsewhere.
    '  if (( ${#commands} )); then',
    `    _arguments -s "\${options[@]}" "\${globals[@]}" '*: :{ _describe command commands }'`,
    '  else',
    `    _arguments -s "\${options[@]}" "\${globals[@]}" '*: :_files'`,
    '  fi',
    '}',
    'if [ "$funcstack[1]" = "_guts" ]; then _guts "$@"; else compdef _guts guts; fi',
    '',
  ].join('\n');
}
