export type Severity = 'blocker' | 'warning' | 'information';

/** One thing preflight has to say about an instance and a destination. */
export interface Finding {
  readonly severity: Severity;
  /** Stable, such as `network.unmapped`. */
  readonly code: string;
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string;
  /** What it is about: `nic:4000`, `disk:2000`, `instance`, `destination`. */
  readonly subject?: string;
}
