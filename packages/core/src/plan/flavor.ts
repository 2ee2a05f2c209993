import { counted } from '../counted.ts';
import type { Flavor } from '../ports/destination-driver.ts';

export interface FlavorNeed {
  readonly vcpus: number;
  readonly ramMiB: number;
  /** Size of the root disk when it is made from an image; null when booting from a volume. */
  readonly rootGiB: number | null;
  /** Nova lets only administrators boot an image with a flavor of root disk 0 (its default policy). */
  readonly admin: boolean;
}

/** Which flavor it is, and why. */
export interface FlavorChoice {
  readonly need: FlavorNeed;
  /** Null: chosen by size. */
  readonly named: string | null;
  /** Null: there is none of that name, or none fits. */
  readonly flavor: Flavor | null;
  readonly reason: string;
}

/** Extra specs that tie a flavor to special hosts or devices: never chosen by size, only by name. */
const SPECIAL =
  /^(resources[\d_]*:|trait[\d_]*:|pci_passthrough:|aggregate_instance_extra_specs:|hw:(cpu_policy|numa_nodes|mem_page_size|cpu_dedicated_mask))/;

/** Whether the boot disk fits, when it is the flavor's root disk. */
export function rootFits(flavor: Flavor, need: FlavorNeed): boolean {
  if (need.rootGiB === null) return true;
  return flavor.diskGiB === 0 ? need.admin : flavor.diskGiB >= need.rootGiB;
}

export function flavorText(flavor: Flavor): string {
  return `${flavor.vcpus} vCPU, ${flavor.ramMiB} MiB, ${flavor.diskGiB} GiB root`;
}

export function needText(need: FlavorNeed): string {
  const root = need.rootGiB === null ? '' : ` and a root disk of ${need.rootGiB} GiB`;
  return `${need.vcpus} vCPU, ${need.ramMiB} MiB of memory${root}`;
}

function bySize(a: Flavor, b: Flavor): number {
  const sizes = a.ramMiB - b.ramMiB || a.vcpus - b.vcpus || a.diskGiB - b.diskGiB;
  if (sizes !== 0) return sizes;
  return a.name < b.name ? -1 : 1;
}

/** Picks the named flavor, or the smallest ordinary one that is at least as large as the instance. */
export function chooseFlavor(
  flavors: readonly Flavor[],
  named: string | null,
  need: FlavorNeed,
): FlavorChoice {
  if (named !== null) {
    const flavor =
      flavors.find((one) => one.id === named) ?? flavors.find((one) => one.name === named) ?? null;
    return { need, named, flavor, reason: flavor ? `named (${flavorText(flavor)})` : '' };
  }
  let flavor: Flavor | null = null;
  for (const one of flavors) {
    if (one.vcpus < need.vcpus || one.ramMiB < need.ramMiB || !rootFits(one, need)) continue;
    if (flavor && bySize(flavor, one) < 0) continue;
    if (!Object.keys(one.extraSpecs).some((key) => SPECIAL.test(key))) flavor = one;
  }
  const reason = flavor
    ? `the smallest of ${counted(flavors.length, 'flavor')} with at least ${needText(need)} (${flavorText(flavor)})`
    : '';
  return { need, named, flavor, reason };
}
