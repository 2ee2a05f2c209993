import { ApiCallError } from '@guts/contract';
import { text } from '../text/index.ts';

/** What is told of something that went wrong. */
export interface ErrorFacts {
  readonly message: string;
  readonly remedy: string | null;
  readonly code: string | null;
  readonly field: string | null;
  readonly requestId: string | null;
}

export function errorFacts(error: unknown): ErrorFacts {
  if (!(error instanceof ApiCallError))
    return {
      message: error instanceof Error ? error.message : String(error),
      remedy: text.errors.reload,
      code: null,
      field: null,
      requestId: null,
    };
  // What the client says there is for the command line.
  if (error.code === 'unreachable')
    return {
      message: text.errors.unreachable,
      remedy: text.errors.unreachableRemedy,
      code: null,
      field: null,
      requestId: null,
    };
  const { message, remedy, code, field, requestId } = error;
  return { message, remedy, code, field, requestId };
}
