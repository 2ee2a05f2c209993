import type { Command } from 'commander';

/** Gives a command its subcommands, arguments, options and action. */
export type Fill = (command: Command) => void;

/**
 * Commands of which a start knows no more than name and summary: all else is loaded when one is called, for to make
 * every command of `guts` would take longer than most of them.
 */
export class LazyGroups {
  readonly #program: Command;
  readonly #waiting = new Map<string, () => Promise<void>>();

  constructor(program: Command) {
    this.#program = program;
    // Commander's own would show what is not loaded yet.
    program.helpCommand(false).hook('preSubcommand', (_program, command) => this.#load(command.name()));
  }

  /**
   * Adds a command, or to one that is there already. @param load gives what fills it, which is called once
   */
  add(name: string, summary: string, load: () => Promise<Fill>): void {
    const known = this.#program.commands.find((one) => one.name() === name);
    const command = known ?? this.#program.command(name).summary(summary);
    const before = this.#waiting.get(name);
    this.#waiting.set(name, async () => {
      await before?.();
      (await load())(command);
    });
  }

  /** Loads all: for what tells of every command. */
  async loadAll(): Promise<void> {
    for (const name of this.#waiting.keys()) await this.#load(name);
  }

  async #load(name: string): Promise<void> {
    const load = this.#waiting.get(name);
    this.#waiting.delete(name);
    await load?.();
  }
}
