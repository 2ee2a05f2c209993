import { type Ask, type CliContext, type Output, UsageError } from './context.ts';

/** Questions go to standard error, so that the output stays what it is; null: not a terminal on both sides. */
export function terminalAsk(input: NodeJS.ReadStream, prompts: NodeJS.WriteStream, out: Output): Ask | null {
  if (!input.isTTY || out.isTTY !== true) return null;
  return async (question) => {
    const { createInterface } = await import('node:readline/promises');
    const lines = createInterface({ input, output: prompts });
    try {
      return await lines.question(question);
    } finally {
      lines.close();
    }
  };
}

/**
 * Whether a person wants what cannot be undone.
 * @param warning what will happen, in whole sentences
 * @param yes it was said on the command line already
 * @throws UsageError with the warning when nobody is there to be asked
 */
export async function confirm(
  { ask }: Pick<CliContext, 'ask'>,
  warning: string,
  yes: boolean,
): Promise<boolean> {
  if (yes) return true;
  if (!ask) throw new UsageError(`${warning} Say --yes if that is what you want.`);
  return /^y(es)?$/i.test((await ask(`${warning}\nGo on? [y/N] `)).trim());
}
