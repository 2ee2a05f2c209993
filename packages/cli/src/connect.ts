import { readFile } from 'node:fs/promises';
import { ApiClient, type Fetch } from '@guts/contract';
import type { Command } from 'commander';
import { chosenCloud } from './cloud-options.ts';
import { type Output, UsageError } from './context.ts';
import { apiBase, type OpenLogin, withLogin } from './login.ts';
import { Redactor } from './redact.ts';
import { exchangeTeller, tracedFetch } from './trace-http.ts';

export interface ConnectParts {
  readonly env: NodeJS.ProcessEnv;
  readonly fetch: Fetch;
  /** Where `--debug` writes. */
  readonly err: Output;
  /** Where a daemon on this host keeps its token. */
  readonly tokenFile: () => Promise<string>;
  /** Logs in to Keystone, when options or the environment name a cloud. */
  readonly openLogin: OpenLogin;
}

export interface Connection {
  readonly client: ApiClient;
  readonly close: () => Promise<void>;
}

async function readToken({ env, tokenFile }: ConnectParts): Promise<string> {
  const given = env['GUTS_TOKEN'];
  if (given !== undefined && given !== '') return given;
  const path = env['GUTS_TOKEN_FILE'] ?? (await tokenFile());
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw new UsageError(
      `no token: GUTS_TOKEN is not set and ${path} cannot be read (${(error as Error).message}); is guts-api set up here?`,
    );
  }
}

/** By Keystone when a cloud is named, else by the token of guts-api itself. @throws UsageError, ApiCallError */
export async function connect(
  program: Command,
  parts: ConnectParts,
  signal: AbortSignal,
): Promise<Connection> {
  const { api, gutsEndpoint, debug } = program.opts<{ api: string; gutsEndpoint?: string; debug: boolean }>();
  const redactor = debug ? new Redactor() : null;
  const fetch = redactor ? tracedFetch(parts.fetch, parts.err, redactor) : parts.fetch;
  const choice = chosenCloud(program, parts.env);
  if (!choice) {
    const headers = { 'x-auth-token': await readToken(parts) };
    return {
      client: new ApiClient({ fetch, baseUrl: gutsEndpoint || api, headers }),
      close: () => Promise.resolve(),
    };
  }
  const told = redactor ? exchangeTeller('Keystone', parts.err, redactor) : undefined;
  const login = await parts.openLogin(choice, signal, told);
  const said = program.getOptionValueSource('api') === 'cli' || parts.env['GUTS_API'] ? api : null;
  const endpoint = gutsEndpoint || said || login.endpoint;
  if (!endpoint) {
    await login.close();
    throw new UsageError(
      "the cloud's catalog has no endpoint of type migration; say where guts-api is: --guts-endpoint, GUTS_ENDPOINT",
    );
  }
  const baseUrl = apiBase(endpoint, login.projectId);
  return {
    client: new ApiClient({ fetch: withLogin(fetch, login), baseUrl, headers: {} }),
    close: () => login.close(),
  };
}
