import { ApiError, UnreachableError } from './errors.ts';
import { pause } from './pause.ts';

/** How often a request is sent, and how the pauses between grow. */
export interface RetryRules {
  readonly attempts: number;
  /** Milliseconds before the second attempt; each further pause is twice as long. */
  readonly firstMs: number;
  /** The longest that a server may make us wait; seconds. */
  readonly longestSeconds: number;
}
export const DEFAULT_RETRIES: RetryRules = { attempts: 5, firstMs: 500, longestSeconds: 60 };

/**
 * Milliseconds to wait before the request may be sent again; null: it may not. What may have been done is asked
 * again only when asking twice does no harm; 429 and 503 say that it was not done.
 */
export function retryPause(
  error: unknown,
  method: string,
  attempt: number,
  rules: RetryRules,
): number | null {
  if (attempt >= rules.attempts) return null;
  const harmless = ['GET', 'HEAD', 'PUT', 'DELETE'].includes(method);
  // Half of the pause is chance, so that many clients do not come back together.
  const backOff = rules.firstMs * 2 ** (attempt - 1) * (0.5 + Math.random());
  if (error instanceof UnreachableError) return error.neverSent || harmless ? backOff : null;
  if (!(error instanceof ApiError)) return null;
  if (error.status === 429 || error.status === 503)
    return error.retryAfter === null ? backOff : Math.min(error.retryAfter, rules.longestSeconds) * 1000;
  return [502, 504].includes(error.status) && harmless ? backOff : null;
}

/** Runs until it succeeds or its error may not be retried. */
export async function withRetries<T>(
  run: () => Promise<T>,
  method: string,
  rules: RetryRules,
  signal: AbortSignal,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      const milliseconds = retryPause(error, method, attempt, rules);
      if (milliseconds === null) throw error;
      await pause(milliseconds, signal);
    }
  }
}
