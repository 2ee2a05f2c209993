import { readFileSync } from 'node:fs';
import { ApiClient, type Fetch } from '@guts/contract';
import { Argument, type Command } from 'commander';
import { addEndpointCommands } from './commands/endpoints.ts';
import { addInventoryCommands } from './commands/inventory.ts';
import { addMigrationCommands } from './commands/migrations.ts';
import { addOperationCommands } from './commands/operations.ts';
import { addServiceCommands } from './commands/services.ts';
import { addCloudOptions, chosenCloud } from './cloud-options.ts';
import { bashCompletion } from './completion.ts';
import { terminalAsk } from './confirm.ts';
import { type Ask, type Output, type Run, UsageError } from './context.ts';
import { apiBase, type OpenLogin, withLogin } from './login.ts';
import { addShapeOptions, PLAIN, type Shape, shapeOf } from './output/shape.ts';

export interface ClientParts {
  readonly env: NodeJS.ProcessEnv;
  readonly fetch: Fetch;
  readonly out: Output;
  /** Where a daemon on this host keeps its token. */
  readonly tokenFile: () => string;
  /** Logs in to Keystone, when options or the environment name a cloud. */
  readonly openLogin: OpenLogin;
  /** How to ask a person; null: nobody is there. Left out: on this process's terminal, if it has one. */
  readonly ask?: Ask | null;
  readonly setExitCode: (code: number) => void;
}

function readToken({ env, tokenFile }: ClientParts): string {
  const given = env['GUTS_TOKEN'];
  if (given !== undefined && given !== '') return given;
  const path = env['GUTS_TOKEN_FILE'] ?? tokenFile();
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new UsageError(
      `no token: GUTS_TOKEN is not set and ${path} cannot be read (${(error as Error).message}); is guts-api set up here?`,
    );
  }
}

interface Connection {
  readonly client: ApiClient;
  readonly close: () => Promise<void>;
}

/** By Keystone when a cloud is named, else by the token of guts-api itself. @throws UsageError, ApiCallError */
async function connect(program: Command, parts: ClientParts, signal: AbortSignal): Promise<Connection> {
  const { api, gutsEndpoint } = program.opts<{ api: string; gutsEndpoint?: string }>();
  const { fetch } = parts;
  const choice = chosenCloud(program, parts.env);
  if (!choice) {
    const headers = { 'x-auth-token': readToken(parts) };
    return {
      client: new ApiClient({ fetch, baseUrl: gutsEndpoint || api, headers }),
      close: () => Promise.resolve(),
    };
  }
  const login = await parts.openLogin(choice, signal);
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

/** Adds every command that talks to a guts-api. */
export function addClientCommands(program: Command, parts: ClientParts): void {
  program
    .option('--api <url>', 'address of guts-api; GUTS_API', parts.env['GUTS_API'] ?? 'http://127.0.0.1:7000')
    .option(
      '--guts-endpoint <url>',
      "address of guts-api, whatever Keystone's catalog says; GUTS_ENDPOINT",
      parts.env['GUTS_ENDPOINT'],
    )
    .option('--json', 'machine-readable output', false);
  addCloudOptions(program);
  let shape: Shape = PLAIN;
  program.hook('preAction', (_program, command) => {
    shape = shapeOf(command);
    if (shape.format !== 'table' && program.opts<{ json: boolean }>().json)
      throw new UsageError(`--json and --format ${shape.format} exclude each other`);
  });
  const run: Run = async (work) => {
    const { json } = program.opts<{ json: boolean }>();
    const stop = new AbortController();
    const { client, close } = await connect(program, parts, stop.signal);
    const { out, setExitCode: exit } = parts;
    const ask = parts.ask === undefined ? terminalAsk(process.stdin, process.stderr, out) : parts.ask;
    try {
      await work({ client, json, shape, out, signal: stop.signal, ask, exit });
    } finally {
      await close();
    }
  };
  addEndpointCommands(program, run, 'source');
  addEndpointCommands(program, run, 'destination');
  addInventoryCommands(program, run);
  addMigrationCommands(program, run);
  addOperationCommands(program, run);
  addServiceCommands(program, run);
  program
    .command('completion')
    .addArgument(new Argument('<shell>', 'which shell').choices(['bash']))
    .summary('writes a script that completes commands and options: source <(guts completion bash)')
    .action(() => {
      parts.out.write(bashCompletion(program));
    });
  const ours = [
    'source',
    'destination',
    'instance',
    'network',
    'datastore',
    'host',
    'migration',
    'operation',
    'service',
  ];
  for (const group of program.commands.filter((one) => ours.includes(one.name()))) addShapeOptions(group);
}
