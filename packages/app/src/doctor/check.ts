/** What a check found out. */
export interface Finding {
  /** `skipped`: it could not be looked at, and that is told elsewhere. */
  readonly verdict: 'ok' | 'warning' | 'failed' | 'skipped';
  /** What was looked at, such as `database`. */
  readonly subject: string;
  /** What is the matter; never a secret. */
  readonly message: string;
  /** What to do about it; a full sentence. */
  readonly remedy: string | null;
}

/** Looks at one thing. What it throws counts as a failure of its own. */
export interface Check {
  readonly subject: string;
  run(signal: AbortSignal): Promise<readonly Finding[]>;
}

export const ok = (subject: string, message: string): Finding => ({
  verdict: 'ok',
  subject,
  message,
  remedy: null,
});
export const warning = (subject: string, message: string, remedy: string): Finding => ({
  verdict: 'warning',
  subject,
  message,
  remedy,
});
export const failed = (subject: string, message: string, remedy: string | null): Finding => ({
  verdict: 'failed',
  subject,
  message,
  remedy,
});
export const skipped = (subject: string, message: string): Finding => ({
  verdict: 'skipped',
  subject,
  message,
  remedy: null,
});
