import { Command } from 'commander';
import { addClientCommands } from '../src/client-commands.ts';
import type { Ask } from '../src/context.ts';
import { LazyGroups } from '../src/lazy-groups.ts';
import type { OpenLogin } from '../src/login.ts';

export type Answerer = (method: string, path: string, body: Record<string, unknown> | null) => unknown;
/** Where a call went, and as whom. */
export interface Sent {
  readonly line: string;
  readonly origin: string;
  readonly token: string | null;
}
export interface Call {
  readonly line: string;
  readonly body: Record<string, unknown> | null;
}

const refuse: OpenLogin = () => Promise.reject(new Error('nobody logs in here'));

/** Runs one command line against an API that answers by a function. */
export async function guts(
  args: readonly string[],
  answer: Answerer,
  ask: Ask | null = null,
  { env = { GUTS_TOKEN: 't' }, openLogin = refuse }: { env?: NodeJS.ProcessEnv; openLogin?: OpenLogin } = {},
): Promise<{ out: string; err: string; calls: Call[]; sent: Sent[]; exit: number }> {
  let out = '';
  let err = '';
  let exit = 0;
  const calls: Call[] = [];
  const sent: Sent[] = [];
  const program = new Command('guts').exitOverride().configureOutput({ writeErr: () => undefined });
  addClientCommands(program, new LazyGroups(program), {
    env,
    openLogin,
    out: {
      write: (text) => {
        out += text;
      },
    },
    err: {
      write: (text) => {
        err += text;
      },
    },
    tokenFile: () => Promise.resolve('/nowhere'),
    ask,
    setExitCode: (code) => {
      exit = code;
    },
    fetch: (url, { method = 'GET', body, headers }) => {
      const { pathname, search, origin } = new URL(url);
      const given = typeof body === 'string' ? (JSON.parse(body) as Record<string, unknown>) : null;
      const token = new Headers(headers).get('x-auth-token');
      calls.push({ line: `${method} ${pathname}${search}`, body: given });
      sent.push({ line: `${method} ${pathname}${search}`, origin, token });
      const found = answer(method, `${pathname}${search}`, given);
      return Promise.resolve(
        found instanceof Response ? found : new Response(JSON.stringify(found), { status: 200 }),
      );
    },
  });
  await program.parseAsync(args, { from: 'user' });
  return { out, err, calls, sent, exit };
}

export const refusal = (status: number, message: string): Response =>
  new Response(JSON.stringify({ error: { guts_code: 'not_found', message, remedy: null, field: null } }), {
    status,
  });
