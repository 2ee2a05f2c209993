import type { Flavor } from '../ports/destination-driver.ts';
import type { Finding } from '../preflight-finding.ts';

export interface FlavorNeed {
  readonly vcpus: number;
  readonly ramMiB: number;
  /** Size of the root disk when it is made from an image; null when booting from a volume. */
  readonly rootGiB: number | null;
  /** Nova lets only administrators boot an image with a flavor of root disk 0 (its default policy). */
  readonly admin: boolean;
}

/** Extra specs that tie a flavor to special hosts or devices: never chosen by size, only by name. */
const SPECIAL =
  /^(resources[\d_]*:|trait[\d_]*:|pci_passthrough:|aggregate_instance_extra_specs:|hw:(cpu_policy|numa_nodes|mem_page_size|cpu_dedicated_mask))/;

function rootFits(flavor: Flavor, need: FlavorNeed): boolean {
  if (need.rootGiB === null) return true;
  return flavor.diskGiB === 0 ? need.admin : flavor.diskGiB >= need.rootGiB;
}

function describe(flavor: Flavor): string {
  return `${flavor.vcpus} vCPU, ${flavor.ramMiB} MiB, ${flavor.diskGiB} GiB root`;
}

function needText(need: FlavorNeed): string {
  const root = need.rootGiB === null ? '' : ` and a root disk of ${need.rootGiB} GiB`;
  return `${need.vcpus} vCPU, ${need.ramMiB} MiB of memory${root}`;
}

/** Picks the named flavor, or the smallest ordinary one that is at least as large as the instance. */
export function chooseFlavor(
  flavors: readonly Flavor[],
  named: string | null,
  need: FlavorNeed,
): { flavor: Flavor | null; reason: string; findings: Finding[] } {
  if (named !== null) return namedFlavor(flavors, named, need);
  const fitting = flavors
    .filter(
      (flavor) =>
        flavor.vcpus >= need.vcpus &&
        flavor.ramMiB >= need.ramMiB &&
        rootFits(flavor, need) &&
        !Object.keys(flavor.extraSpecs).some((key) => SPECIAL.test(key)),
    )
    .sort(
      (a, b) =>
        a.ramMiB - b.ramMiB || a.vcpus - b.vcpus || a.diskGiB - b.diskGiB || a.name.localeCompare(b.name),
    );
  const flavor = fitting[0];
  if (flavor) {
    const reason = `the smallest of ${flavors.length} flavors with at least ${needText(need)} (${describe(flavor)})`;
    return { flavor, reason, findings: [] };
  }
  return {
    flavor: null,
    reason: '',
    findings: [
      {
        severity: 'blocker',
        code: 'flavor.none',
        subject: 'instance',
        message: `no flavor fits: the instance needs ${needText(need)}`,
        remedy: 'Have a flavor of that size made, name a smaller one with --flavor, or boot from a volume.',
      },
    ],
  };
}

function namedFlavor(
  flavors: readonly Flavor[],
  named: string,
  need: FlavorNeed,
): { flavor: Flavor | null; reason: string; findings: Finding[] } {
  const flavor = flavors.find((one) => one.id === named) ?? flavors.find((one) => one.name === named);
  if (!flavor) {
    return {
      flavor: null,
      reason: '',
      findings: [
        {
          severity: 'blocker',
          code: 'flavor.unknown',
          subject: 'destination',
          message: `the destination has no flavor '${named}'`,
          remedy: `Name one of: ${flavors.map((one) => one.name).join(', ') || '(there are none)'}.`,
        },
      ],
    };
  }
  const findings: Finding[] = [];
  if (!rootFits(flavor, need)) {
    findings.push({
      severity: 'blocker',
      code: 'flavor.root_disk',
      subject: 'instance',
      message: `flavor ${flavor.name} has a root disk of ${flavor.diskGiB} GiB; the boot disk needs ${need.rootGiB} GiB`,
      remedy: 'Choose a larger flavor, or boot from a volume.',
    });
  }
  if (flavor.vcpus < need.vcpus || flavor.ramMiB < need.ramMiB) {
    findings.push({
      severity: 'warning',
      code: 'flavor.smaller',
      subject: 'instance',
      message: `flavor ${flavor.name} (${describe(flavor)}) is smaller than the instance (${needText(need)})`,
    });
  }
  return { flavor, reason: `named (${describe(flavor)})`, findings };
}
