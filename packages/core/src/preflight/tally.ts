import { QUOTA_WORDS, type Taking } from '../plan/quota.ts';
import type { DestinationFacts } from '../ports/destination-driver.ts';
import { RULES } from './catalogue.ts';
import type { PreflightResult } from './check.ts';
import { type Finding, gravest, isBlocker, SEVERITIES, type Severity } from './finding.ts';
import { findingOf } from './rule.ts';
import { QUOTA_TOGETHER } from './rules/destination.ts';

export type CheckResult = 'blocked' | 'warned' | 'ready';

/** In one word. What only could not be told, or is only told, is no warning. */
export function resultOf(findings: readonly Finding[]): CheckResult {
  const worst = gravest(findings);
  if (worst === 'blocker') return 'blocked';
  return worst === 'warning' ? 'warned' : 'ready';
}

export interface RuleCount {
  readonly code: string;
  readonly title: string;
  readonly severity: Severity;
  readonly instances: number;
  readonly findings: number;
}

/** What stays in use of a project; images and uploads come and go. */
type Kept = Omit<Taking, 'images' | 'imageMiB' | 'imageUploads'>;
const KEPT = [
  'instances',
  'cores',
  'ramMiB',
  'volumes',
  'gigabytes',
  'ports',
] as const satisfies (keyof Kept)[];

/** Counts results of many instances. */
export class Tally {
  readonly results = { blocked: 0, warned: 0, ready: 0 };
  readonly severities: Record<Severity, number> = { blocker: 0, warning: 0, information: 0 };
  /** What those that are not blocked take together. */
  readonly kept: Record<keyof Kept, number> = {
    instances: 0,
    cores: 0,
    ramMiB: 0,
    volumes: 0,
    gigabytes: 0,
    ports: 0,
  };
  readonly bytes = { capacity: 0, data: 0, unknown: 0 };
  readonly #rules = new Map<
    string,
    { severity: Severity; code: string; instances: number; findings: number }
  >();

  add({ findings, prediction, target }: PreflightResult): void {
    this.results[resultOf(findings)] += 1;
    const seen = new Set<string>();
    for (const { code, severity } of findings) {
      this.severities[severity] += 1;
      const key = `${severity} ${code}`;
      const count = this.#rules.get(key) ?? { severity, code, instances: 0, findings: 0 };
      this.#rules.set(key, count);
      count.findings += 1;
      if (!seen.has(key)) count.instances += 1;
      seen.add(key);
    }
    if (findings.some(isBlocker)) return;
    this.bytes.capacity += prediction.capacityBytes;
    this.bytes.data += prediction.dataBytes ?? prediction.capacityBytes;
    if (prediction.dataBytes === null) this.bytes.unknown += 1;
    if (target) for (const key of KEPT) this.kept[key] += target.taking[key];
  }

  /** The gravest first, then by how many instances have it. */
  rules(): RuleCount[] {
    const place = (severity: Severity): number => SEVERITIES.indexOf(severity);
    return [...this.#rules.values()]
      .map((one) => ({ title: RULES.find(({ id }) => id === one.code)?.title ?? one.code, ...one }))
      .toSorted(
        (a, b) =>
          place(a.severity) - place(b.severity) || b.instances - a.instances || (a.code < b.code ? -1 : 1),
      );
  }

  /** What is wrong with all of them together. */
  together({ quota, project }: Pick<DestinationFacts, 'quota' | 'project'>): Finding[] {
    return QUOTA_WORDS.flatMap(([key, what, unit]) => {
      const kept = KEPT.find((one) => one === key);
      const left = quota[key];
      if (kept === undefined || left === null || this.kept[kept] <= left) return [];
      return [
        findingOf(QUOTA_TOGETHER, {
          subject: 'destination',
          message: `the quota of project ${project.name} for ${what} has ${left}${unit} left; all together need ${this.kept[kept]}${unit}`,
        }),
      ];
    });
  }
}
