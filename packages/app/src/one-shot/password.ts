import { readFileSync } from 'node:fs';
import { GutsError, messageOf } from '@guts/core';

/** Standard input as a terminal, as far as it is used. */
interface Terminal {
  readonly isTTY?: boolean;
  setRawMode(mode: boolean): unknown;
  resume(): unknown;
  pause(): unknown;
  on(event: 'data', listener: (chunk: Buffer) => void): unknown;
  off(event: 'data', listener: (chunk: Buffer) => void): unknown;
}

/** Asks on a terminal without showing what is typed. @throws GutsError `cancelled` on Ctrl-C */
export function askUnseen(
  question: string,
  input: Terminal,
  output: { write(text: string): unknown },
): Promise<string> {
  output.write(question);
  input.setRawMode(true);
  input.resume();
  return new Promise((resolve, reject) => {
    let typed = '';
    const end = (work: () => void): void => {
      input.off('data', listen);
      input.setRawMode(false);
      input.pause();
      output.write('\n');
      work();
    };
    const listen = (chunk: Buffer): void => {
      for (const character of chunk.toString('utf8')) {
        if (character === '\r' || character === '\n') return end(() => resolve(typed));
        if (character === '\u0003') return end(() => reject(new GutsError('cancelled', 'interrupted')));
        typed = character === '\u007F' ? typed.slice(0, -1) : typed + character;
      }
    };
    input.on('data', listen);
  });
}

/**
 * The source's password: from a file, from GUTS_SOURCE_PASSWORD, or typed unseen on a terminal. Never an argument:
 * other users of the host could read it.
 * @throws GutsError `bad_request`
 */
export async function sourcePassword(
  file: string | undefined,
  env: NodeJS.ProcessEnv,
  username: string,
  terminal: { input: Terminal; output: { write(text: string): unknown } },
): Promise<string> {
  if (file !== undefined) {
    try {
      return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    } catch (error) {
      throw new GutsError('bad_request', `password file ${file}: ${messageOf(error)}`, { cause: error });
    }
  }
  const given = env['GUTS_SOURCE_PASSWORD'];
  if (given !== undefined && given !== '') return given;
  if (terminal.input.isTTY === true)
    return askUnseen(`Password of ${username}: `, terminal.input, terminal.output);
  throw new GutsError('bad_request', `the password of ${username} is missing`, {
    remedy: 'Give --password-file, or set GUTS_SOURCE_PASSWORD.',
  });
}
