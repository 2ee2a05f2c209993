import type { Command } from 'commander';
import { bashScript } from './bash.ts';
import { fishScript } from './fish.ts';
import { placesOf } from './places.ts';
import { zshScript } from './zsh.ts';

/** A script that completes commands, options and their choices, made from the commands there are. */
export function completionScript(program: Command, shell: 'bash' | 'zsh' | 'fish'): string {
  const write = { bash: bashScript, zsh: zshScript, fish: fishScript }[shell];
  return write(placesOf(program));
}
