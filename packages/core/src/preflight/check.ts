import { foundBy } from '../plan/lookup.ts';
import type { TargetPlan } from '../plan/target.ts';
import { destinationCase, type DestinationCase, instanceCase, type PreflightQuestion } from './case.ts';
import { RULES } from './catalogue.ts';
import { type Finding, isBlocker } from './finding.ts';
import type { Prediction } from './prediction.ts';
import { findingOf, type Need, type Rule, type Told } from './rule.ts';

/** A target as it would be made; of which transport reads the source, the source must be asked. */
export type DraftPlan = Omit<TargetPlan, 'transport'>;

export interface PreflightResult {
  /** In the order of the catalogue, then of NICs and disks. */
  readonly findings: readonly Finding[];
  /** Null: no destination was looked at, or a finding is a blocker. */
  readonly plan: DraftPlan | null;
  readonly prediction: Prediction;
  /** The case with its destination, for who asks more; null: no destination was looked at. */
  readonly target: DestinationCase | null;
}

function ask(rule: Rule, { question, one, target }: Asked): readonly Told[] {
  switch (rule.needs) {
    case 'instance':
      return rule.check(one);
    case 'destination':
      return target ? rule.check(target) : [];
    case 'ports':
      return target && question.held ? rule.check({ ...target, held: question.held }) : [];
    case 'source':
    case 'many':
      return [];
    default:
      throw new TypeError(`a rule needs what nobody has: ${String(rule satisfies never)}`);
  }
}
interface Asked {
  readonly question: PreflightQuestion;
  readonly one: ReturnType<typeof instanceCase>;
  readonly target: DestinationCase | null;
}

function planOf(target: DestinationCase): DraftPlan | null {
  const { flavor, reason } = target.flavor;
  if (!flavor) return null;
  return {
    serverName: target.serverName,
    nics: target.placedNics.flatMap((one) => one.target ?? []),
    disks: target.targetDisks,
    flavor: { id: flavor.id, name: flavor.name, reason },
    securityGroupIds: target.securityGroups.flatMap((one) => foundBy(one)?.id ?? []),
    availabilityZone: target.spec.availabilityZone,
    dataDiskBus: target.dataDiskBus,
    properties: target.properties,
  };
}

/**
 * Asks every rule that can be answered from what is given; asks nobody else. The plan is null exactly when a finding
 * is a blocker or no destination is given.
 */
export function preflight(question: PreflightQuestion): PreflightResult {
  const one = instanceCase(question);
  const { facts, targetProject } = question;
  const target = facts === null ? null : destinationCase(one, { facts, targetProject });
  const asked = { question, one, target };
  const findings = RULES.flatMap((rule) => ask(rule, asked).map((told) => findingOf(rule, told)));
  const plan = target === null || findings.some(isBlocker) ? null : planOf(target);
  return { findings, plan, prediction: one.prediction, target };
}

/** Rules that were not asked, for what they need was not there. */
export function unasked(has: { readonly destination: boolean; readonly ports: boolean }): readonly Rule[] {
  const there: readonly Need[] = [
    'instance',
    'many',
    ...(has.destination ? (['destination'] as const) : []),
    ...(has.destination && has.ports ? (['ports'] as const) : []),
  ];
  return RULES.filter((rule) => !there.includes(rule.needs));
}
