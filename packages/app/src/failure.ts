import { UsageError } from '@guts/cli/start';
// Not the whole packages: this is loaded at every start, and bundles are cut by files.
import { ApiCallError } from '@guts/contract/client';
import { ERROR_CODES, type ErrorCode, GutsError, messageOf } from '@guts/core/errors';
import { CommanderError } from 'commander';

/** An error as people and programs are told it. */
interface Failure {
  readonly code: ErrorCode | 'unreachable';
  readonly message: string;
  readonly remedy: string | null;
  readonly details: Readonly<Record<string, unknown>> | null;
}

function failureOf(error: unknown): Failure {
  if (error instanceof GutsError || error instanceof ApiCallError) {
    const { code, message, remedy, details } = error;
    return { code, message, remedy: remedy ?? null, details: details ?? null };
  }
  const base = { remedy: null, details: null };
  if (error instanceof CommanderError) {
    const message = error.code === 'commander.help' ? 'no command is given' : error.message;
    const remedy = 'guts --help shows what there is.';
    return { ...base, code: 'bad_request', message: message.replace(/^error: /, ''), remedy };
  }
  return {
    ...base,
    code: error instanceof UsageError ? 'bad_request' : 'internal',
    message: messageOf(error),
  };
}

/**
 * Tells on standard error what went wrong. Gives the exit code.
 * @param json as one JSON document instead of text
 */
export function tellFailure(
  error: unknown,
  json: boolean,
  { err, env }: { readonly err: { write(text: string): unknown }; readonly env: NodeJS.ProcessEnv },
): number {
  // Help or the version that was asked for is no error.
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const { code, ...rest } = failureOf(error);
  if (json) err.write(`${JSON.stringify({ error: { code, ...rest } })}\n`);
  // In text, Commander has told already what is wrong with the arguments.
  else if (!(error instanceof CommanderError))
    err.write(`guts: ${rest.message}\n${rest.remedy === null ? '' : `${rest.remedy}\n`}`);
  if (env['GUTS_DEBUG'] !== undefined && error instanceof Error) err.write(`${error.stack ?? ''}\n`);
  return code === 'unreachable' ? 1 : ERROR_CODES[code].exit;
}
