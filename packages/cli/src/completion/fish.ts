import type { OptionWord, Place, Word } from './places.ts';

/** A text in single quotes, as fish reads it. */
const quoted = (text: string): string => `'${text.replaceAll(/['\\]/g, (character) => `\\${character}`)}'`;

const line = (place: Place, more: string): string =>
  `complete -c guts -n ${quoted(`__guts_at ${quoted(place.path.join(' '))}`)} ${more}`;

function optionLine({ text, help, takesValue, choices }: OptionWord): string {
  const value = !takesValue ? '' : choices ? ` -xa ${quoted(choices.join(' '))}` : ' -r';
  return `-l ${text.slice(2)}${value} -d ${quoted(help)}`;
}

const commandLine = ({ text, help }: Word): string => `-f -a ${quoted(text)} -d ${quoted(help)}`;

/** For fish 3 and newer. */
export function fishScript(places: readonly Place[]): string {
  const steps = places.slice(1).map(({ path }) => quoted(path.join(' ')));
  const globals = places[0]?.options ?? [];
  const isGlobal = (one: OptionWord): boolean => globals.some(({ text }) => text === one.text);
  return [
    '# fish completion of guts: guts completion fish > ~/.config/fish/completions/guts.fish',
    // The place is the longest run of words that names a command; other words leave it as it is.
    'function __guts_at',
    '  set -l place ""',
    '  for word in (commandline -opc)[2..-1]',
    '    set -l next (string trim -- "$place $word")',
    `    if contains -- "$next" ${steps.join(' ')}`,
    '      set place $next',
    '    end',
    '  end',
    '  test "$place" = "$argv[1]"',
    'end',
    ...globals.map((one) => `complete -c guts ${optionLine(one)}`),
    ...places.flatMap((place) => [
      ...place.commands.map((one) => line(place, commandLine(one))),
      ...(place.choices ?? []).map((one) => line(place, `-f -a ${quoted(one)}`)),
      ...(place.path.length === 0 ? [] : place.options.filter((one) => !isGlobal(one))).map((one) =>
        line(place, optionLine(one)),
      ),
    ]),
    '',
  ].join('\n');
}
