import { readFileSync } from 'node:fs';
import { ApiClient, type Fetch } from '@guts/contract';
import type { Command } from 'commander';
import { addEndpointCommands } from './commands/endpoints.ts';
import { addInventoryCommands } from './commands/inventory.ts';
import { addMigrationCommands } from './commands/migrations.ts';
import { addOperationCommands } from './commands/operations.ts';
import { addServiceCommands } from './commands/services.ts';
import { terminalAsk } from './confirm.ts';
import { type Ask, type Output, type Run, UsageError } from './context.ts';
import { addShapeOptions, PLAIN, type Shape, shapeOf } from './output/shape.ts';

export interface ClientParts {
  readonly env: NodeJS.ProcessEnv;
  readonly fetch: Fetch;
  readonly out: Output;
  /** Where a daemon on this host keeps its token. */
  readonly tokenFile: () => string;
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

/** Adds every command that talks to a guts-api. */
export function addClientCommands(program: Command, parts: ClientParts): void {
  program
    .option('--api <url>', 'address of guts-api; GUTS_API', parts.env['GUTS_API'] ?? 'http://127.0.0.1:7000')
    .option('--json', 'machine-readable output', false);
  let shape: Shape = PLAIN;
  program.hook('preAction', (_program, command) => {
    shape = shapeOf(command);
    if (shape.format !== 'table' && program.opts<{ json: boolean }>().json)
      throw new UsageError(`--json and --format ${shape.format} exclude each other`);
  });
  const run: Run = async (work) => {
    const { api, json } = program.opts<{ api: string; json: boolean }>();
    const stop = new AbortController();
    const client = new ApiClient({
      fetch: parts.fetch,
      baseUrl: api,
      headers: { 'x-auth-token': readToken(parts) },
    });
    const { out, setExitCode: exit } = parts;
    const ask = parts.ask === undefined ? terminalAsk(process.stdin, process.stderr, out) : parts.ask;
    await work({ client, json, shape, out, signal: stop.signal, ask, exit });
  };
  addEndpointCommands(program, run, 'source');
  addEndpointCommands(program, run, 'destination');
  addInventoryCommands(program, run);
  addMigrationCommands(program, run);
  addOperationCommands(program, run);
  addServiceCommands(program, run);
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
