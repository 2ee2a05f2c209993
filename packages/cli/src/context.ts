import type { ApiClient } from '@guts/contract';
import type { Shape } from './output/shape.ts';

/** A stream that text goes to; `isTTY` tells a terminal. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** Asks a person a question and gives the answer, without the end of line. */
export type Ask = (question: string) => Promise<string>;

/** What commands work with; made when one runs. */
export interface CliContext {
  readonly client: ApiClient;
  readonly out: Output;
  /** Machine-readable output was asked for. */
  readonly json: boolean;
  /** How lists and single things are written when it was not. */
  readonly shape: Shape;
  readonly signal: AbortSignal;
  /** Null: nobody is there to answer. */
  readonly ask: Ask | null;
  /** Ends the process with this code when the command returns. */
  exit(code: number): void;
}
/** Runs a command's work with the context that its options ask for. */
export type Run = (work: (context: CliContext) => Promise<void>) => Promise<void>;

export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}
