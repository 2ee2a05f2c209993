import type { Command } from 'commander';

/** A word that may stand somewhere on a command line. */
export interface Word {
  readonly text: string;
  /** What it means, in one line. */
  readonly help: string;
}
/** An option with what its value may be. */
export interface OptionWord extends Word {
  readonly takesValue: boolean;
  /** Null: anything. */
  readonly choices: readonly string[] | null;
}
/** A command, or the program itself. */
export interface Place {
  /** Names of the commands to get here; empty: the program. */
  readonly path: readonly string[];
  readonly commands: readonly Word[];
  /** Its own and those of the program. */
  readonly options: readonly OptionWord[];
  /** What its first argument may be; null: anything, or it takes none. */
  readonly choices: readonly string[] | null;
}

const HELP: OptionWord = { text: '--help', help: 'shows help', takesValue: false, choices: null };
const firstLine = (text: string): string => text.split('\n')[0] ?? '';

function optionsOf(command: Command): OptionWord[] {
  return command.options.flatMap(({ long, hidden, required, optional, description, argChoices }) =>
    long && !hidden
      ? [
          {
            text: long,
            help: firstLine(description),
            takesValue: required || optional,
            choices: argChoices ?? null,
          },
        ]
      : [],
  );
}

/** Every place of a program, itself first. */
export function placesOf(program: Command): Place[] {
  const globals = [...optionsOf(program), HELP];
  const walk = (command: Command, path: readonly string[]): Place[] => {
    const own = path.length === 0 ? [] : optionsOf(command);
    const options = [...own, ...globals.filter(({ text }) => !own.some((one) => one.text === text))];
    const commands = command.commands.map((one) => ({
      text: one.name(),
      help: firstLine(one.summary() || one.description()),
    }));
    const choices = command.registeredArguments[0]?.argChoices ?? null;
    const below = command.commands.flatMap((one) => walk(one, [...path, one.name()]));
    return [{ path, commands, options, choices }, ...below];
  };
  return walk(program, []);
}

/** A text in single quotes, as shells of Bourne's kind read it. */
export const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
