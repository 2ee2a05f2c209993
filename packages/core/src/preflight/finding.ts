export type Severity = 'blocker' | 'warning' | 'information';
/** The gravest first. */
export const SEVERITIES: readonly Severity[] = ['blocker', 'warning', 'information'];

/** One thing preflight has to say about an instance and a destination. */
export interface Finding {
  readonly severity: Severity;
  /** Stable, such as `network.unmapped`: the id of the rule. */
  readonly code: string;
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string;
  /** What it is about: `nic:4000`, `disk:2000`, `instance`, `destination`. */
  readonly subject?: string;
  /** What the rule looks at is not known: it may be so or not. */
  readonly unknown?: true;
}

export const isBlocker = (finding: Finding): boolean => finding.severity === 'blocker';

/** The gravest of them; null: there are none. */
export function gravest(findings: readonly Finding[]): Severity | null {
  return SEVERITIES.find((severity) => findings.some((one) => one.severity === severity)) ?? null;
}
