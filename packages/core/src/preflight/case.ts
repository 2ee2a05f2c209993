import {
  bootDiskOf,
  type Instance,
  type InstanceDisk,
  type InstanceNic,
  type InstanceTraits,
} from '../inventory.ts';
import type { MigrationSpec, Mode } from '../migration.ts';
import { mapDisks, type MappedDisk, placeDisks } from '../plan/disks.ts';
import { chooseFlavor, type FlavorChoice } from '../plan/flavor.ts';
import { type Lookup, lookUp } from '../plan/lookup.ts';
import { serverName } from '../plan/names.ts';
import { mapNics, type MappedNic, placeNics, type PlacedNic } from '../plan/networks.ts';
import { dataDiskBus, imageProperties } from '../plan/properties.ts';
import { type Taking, takingOf } from '../plan/quota.ts';
import type { TargetDisk } from '../plan/target.ts';
import type { DestinationFacts, HeldAddress } from '../ports/destination-driver.ts';
import { type Prediction, predict } from './prediction.ts';

/** What is asked: this instance, moved so, to there. */
export interface PreflightQuestion {
  readonly instance: Instance;
  readonly spec: MigrationSpec;
  readonly mode: Mode;
  /** Project at the destination that was asked for; null: the credential's own. */
  readonly targetProject: string | null;
  /** Null: no destination is looked at. */
  readonly facts: DestinationFacts | null;
  /** Ports that hold a MAC or IP address that the target is to have; null: nobody asked. */
  readonly held: readonly HeldAddress[] | null;
  /** Bytes per second that one machine is copied with; null: it is assumed. */
  readonly bytesPerSecond: number | null;
}

/** What rules look at without a destination. */
export interface InstanceCase {
  readonly instance: Instance;
  readonly spec: MigrationSpec;
  readonly mode: Mode;
  readonly traits: InstanceTraits | null;
  readonly mappedNics: readonly MappedNic[];
  readonly mappedDisks: readonly MappedDisk[];
  /** Those that are moved. */
  readonly nics: readonly InstanceNic[];
  readonly disks: readonly InstanceDisk[];
  readonly bootDisk: InstanceDisk | null;
  readonly serverName: string;
  readonly properties: Readonly<Record<string, string>>;
  /** Bus of the data volumes; null: the boot disk's. */
  readonly dataDiskBus: string | null;
  readonly prediction: Prediction;
}

/** What rules look at with one. */
export interface DestinationCase extends InstanceCase {
  readonly facts: DestinationFacts;
  readonly targetProject: string | null;
  readonly placedNics: readonly PlacedNic[];
  readonly targetDisks: readonly TargetDisk[];
  readonly flavor: FlavorChoice;
  readonly securityGroups: readonly Lookup<{ readonly id: string; readonly name: string }>[];
  readonly taking: Taking;
}

export interface PortsCase extends DestinationCase {
  readonly held: readonly HeldAddress[];
}

export function instanceCase(question: PreflightQuestion): InstanceCase {
  const { instance, spec, mode, bytesPerSecond } = question;
  const mappedNics = mapNics(instance, spec);
  const mappedDisks = mapDisks(instance, spec);
  const nics = mappedNics.filter((one) => !one.skipped).map(({ nic }) => nic);
  const disks = mappedDisks.filter((one) => !one.skipped).map(({ disk }) => disk);
  const properties = imageProperties(instance, nics, spec.properties);
  return {
    instance,
    spec,
    mode,
    traits: instance.traits ?? null,
    mappedNics,
    mappedDisks,
    nics,
    disks,
    bootDisk: bootDiskOf(instance),
    serverName: serverName(spec.targetName ?? instance.name, instance.ref),
    properties,
    dataDiskBus: dataDiskBus(instance, properties),
    prediction: predict(instance, disks, bytesPerSecond),
  };
}

export function destinationCase(
  one: InstanceCase,
  { facts, targetProject }: { readonly facts: DestinationFacts; readonly targetProject: string | null },
): DestinationCase {
  const { instance, spec } = one;
  const placedNics = placeNics(one.mappedNics, spec, facts);
  const targetDisks = placeDisks(one.mappedDisks, facts);
  const boot = targetDisks.find((disk) => disk.boot);
  const flavor = chooseFlavor(facts.flavors, spec.flavor, {
    vcpus: instance.cpus,
    ramMiB: instance.memoryMiB,
    rootGiB: spec.bootFrom === 'image' ? (boot?.sizeGiB ?? 1) : null,
    admin: facts.admin,
  });
  return {
    ...one,
    facts,
    targetProject,
    placedNics,
    targetDisks,
    flavor,
    securityGroups: spec.securityGroups.map((name) => lookUp(facts.securityGroups, name)),
    taking: takingOf(flavor.flavor, placedNics.length, targetDisks),
  };
}
