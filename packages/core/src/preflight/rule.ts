import type { Finding, Severity } from './finding.ts';
import type { DestinationCase, InstanceCase, PortsCase } from './case.ts';

/** What a rule says of one case; what it leaves out is as the rule's own. */
export interface Told {
  readonly message: string;
  /** `instance` unless told. */
  readonly subject?: string;
  readonly severity?: Severity;
  readonly remedy?: string;
  readonly unknown?: true;
}

/** A rule as people read it: every part ends up in docs/preflight.md and in the API. */
export interface RuleText {
  /** Stable, and the code of its findings; never reused. */
  readonly id: string;
  readonly title: string;
  /** That of its findings; the first unless a finding says otherwise. */
  readonly severities: readonly [Severity, ...Severity[]];
  /** Why it matters; full sentences. */
  readonly explanation: string;
  /** What to do; full sentences. */
  readonly remedy: string;
}

/** Decided from the source's inventory and what was asked for. */
export interface InstanceRule extends RuleText {
  readonly needs: 'instance';
  readonly check: (one: InstanceCase) => readonly Told[];
}
/** Needs what a destination has. */
export interface DestinationRule extends RuleText {
  readonly needs: 'destination';
  readonly check: (one: DestinationCase) => readonly Told[];
}
/** Needs to have asked the destination for the ports that hold these addresses already. */
export interface PortsRule extends RuleText {
  readonly needs: 'ports';
  readonly check: (one: PortsCase) => readonly Told[];
}
/** Only a driver can tell, which asks the source itself and makes the finding with {@link findingOf}. */
export interface LiveRule extends RuleText {
  readonly needs: 'source';
}
/** Of several instances together, with a tally. */
export interface ManyRule extends RuleText {
  readonly needs: 'many';
}
export type Rule = InstanceRule | DestinationRule | PortsRule | LiveRule | ManyRule;

/** What must be there for a rule to be asked. */
export type Need = Rule['needs'];

export function findingOf(rule: RuleText, told: Told): Finding {
  return {
    severity: told.severity ?? rule.severities[0],
    code: rule.id,
    subject: told.subject ?? 'instance',
    message: told.message,
    remedy: told.remedy ?? rule.remedy,
    ...(told.unknown ? { unknown: true } : {}),
  };
}

/** For rules that say one thing or nothing. */
export const when = (is: boolean, told: () => Told): readonly Told[] => (is ? [told()] : []);

/** That something could not be told, in the gravity of a hint. */
export const untold = (message: string, more: Omit<Told, 'message' | 'unknown'> = {}): Told => ({
  severity: 'information',
  ...more,
  message,
  unknown: true,
});
