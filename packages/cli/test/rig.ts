import { Command } from 'commander';
import { addClientCommands } from '../src/client-commands.ts';
import type { Ask } from '../src/context.ts';

export type Answerer = (method: string, path: string, body: Record<string, unknown> | null) => unknown;
export interface Call {
  readonly line: string;
  readonly body: Record<string, unknown> | null;
}

/** Runs one command line against an API that answers by a function. */
export async function guts(
  args: readonly string[],
  answer: Answerer,
  ask: Ask | null = null,
): Promise<{ out: string; calls: Call[]; exit: number }> {
  let out = '';
  let exit = 0;
  const calls: Call[] = [];
  const program = new Command('guts').exitOverride().configureOutput({ writeErr: () => undefined });
  addClientCommands(program, {
    env: { GUTS_TOKEN: 't' },
    out: {
      write: (text) => {
        out += text;
      },
    },
    tokenFile: () => '/nowhere',
    ask,
    setExitCode: (code) => {
      exit = code;
    },
    fetch: (url, { method = 'GET', body }) => {
      const { pathname, search } = new URL(url);
      const given = typeof body === 'string' ? (JSON.parse(body) as Record<string, unknown>) : null;
      calls.push({ line: `${method} ${pathname}${search}`, body: given });
      const found = answer(method, `${pathname}${search}`, given);
      return Promise.resolve(
        found instanceof Response ? found : new Response(JSON.stringify(found), { status: 200 }),
      );
    },
  });
  await program.parseAsync(args, { from: 'user' });
  return { out, calls, exit };
}

export const refusal = (status: number, message: string): Response =>
  new Response(JSON.stringify({ error: { guts_code: 'not_found', message, remedy: null, field: null } }), {
    status,
  });
