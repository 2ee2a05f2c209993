import {
  type Artifact,
  type ArtifactSpecs,
  type ConsoleText,
  type Demand,
  type DestinationArtifactKind,
  type DestinationConnection,
  type DiskCheckpoint,
  type DiskPass,
  type DiskProgress,
  GutsError,
  type JournalStore,
  type Marker,
  type Migration,
  type NewArtifact,
  type NewEvent,
  type Phase,
  type Status,
  type StepName,
  type StepRecord,
  type StepStatus,
  type StoredError,
} from '@guts/core';
import type { LeaseKeeper } from './lease-keeper.ts';

/** Whose lease an artifact was made under; in its `data.by`. */
export interface Maker {
  readonly workerId: string;
  readonly epoch: number;
}

/** A migration's journal under one lease: every write carries the epoch. */
export class Journal {
  readonly migration: Migration;
  readonly #store: JournalStore;
  readonly #keeper: LeaseKeeper;
  readonly #newId: () => string;

  constructor(migration: Migration, store: JournalStore, keeper: LeaseKeeper, newId: () => string) {
    this.migration = migration;
    this.#store = store;
    this.#keeper = keeper;
    this.#newId = newId;
  }

  event(
    type: string,
    message: string,
    data: Readonly<Record<string, unknown>> = {},
    severity: NewEvent['severity'] = 'information',
  ): NewEvent {
    const { id, projectId } = this.migration;
    return { projectId, resource: 'migration', resourceId: id, type, severity, message, data };
  }

  marker(artifact: Artifact): Marker {
    return { migrationId: artifact.migrationId, artifactId: artifact.id };
  }

  position(status: Status, phase: Phase, step: StepName | null): Promise<void> {
    const event = this.event('migration.status', step ? `${status}: ${step}` : status, {
      status,
      phase,
      step,
    });
    return this.#store.setPosition(this.#keeper.lease, status, phase, step, event);
  }

  begin(step: StepName): Promise<StepRecord> {
    return this.#store.beginStep(
      this.#keeper.lease,
      step,
      this.event('step.started', `${step} started`, { step }),
    );
  }

  finish(
    record: StepRecord,
    result: { status: StepStatus; output?: unknown; error?: StoredError | null; note?: string | null },
  ): Promise<void> {
    const { step, attempt } = record;
    const note = result.error?.message ?? result.note ?? null;
    const message = `${step} ${result.status}${note ? `: ${note}` : ''}`;
    const severity = result.status === 'failed' ? 'error' : 'information';
    const event = this.event(`step.${result.status}`, message, { step, attempt }, severity);
    return this.#store.finishStep(this.#keeper.lease, step, attempt, result, event);
  }

  steps(): Promise<readonly StepRecord[]> {
    return this.#store.listSteps(this.migration.id);
  }

  artifacts(): Promise<readonly Artifact[]> {
    return this.#store.listArtifacts(this.migration.id);
  }

  /** Those that may still exist outside. */
  async liveArtifacts(): Promise<readonly Artifact[]> {
    return (await this.artifacts()).filter((one) => one.status === 'intended' || one.status === 'created');
  }

  async byRole(role: string): Promise<Artifact | null> {
    return (await this.liveArtifacts()).find((one) => one.role === role) ?? null;
  }

  /** The external id of what an earlier step made. @throws GutsError `internal` when it is not there */
  async idOf(role: string): Promise<string> {
    const artifact = await this.byRole(role);
    if (artifact?.status !== 'created' || artifact.externalId === null)
      throw new GutsError('internal', `the journal has no ${role}`);
    return artifact.externalId;
  }

  /** Records an intent, and whose it is; gives the artifact of that role when there is one already. */
  async intend(artifact: Omit<NewArtifact, 'id'>): Promise<{ artifact: Artifact; fresh: boolean }> {
    const id = this.#newId();
    const { workerId, epoch } = this.#keeper.lease;
    const by: Maker = { workerId, epoch };
    const data = { ...artifact.data, by };
    const recorded = await this.#store.intendArtifact(this.#keeper.lease, { ...artifact, data, id });
    return { artifact: recorded, fresh: recorded.id === id };
  }

  created(
    artifact: Artifact,
    externalId: string,
    data: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    const event = this.event('artifact.created', `${artifact.role} is ${externalId}`, {
      kind: artifact.kind,
      role: artifact.role,
      external_id: externalId,
    });
    const change = { status: 'created' as const, externalId, data: { ...artifact.data, ...data } };
    return this.#store.recordArtifact(this.#keeper.lease, artifact.id, change, event);
  }

  settled(artifact: Artifact, status: 'removed' | 'released'): Promise<void> {
    const event = this.event(`artifact.${status}`, `${artifact.role} ${status}`, {
      kind: artifact.kind,
      role: artifact.role,
      external_id: artifact.externalId,
    });
    return this.#store.recordArtifact(this.#keeper.lease, artifact.id, { status }, event);
  }

  remember(artifact: Artifact, data: Readonly<Record<string, unknown>>): Promise<void> {
    const change = { status: artifact.status, data: { ...artifact.data, ...data } };
    return this.#store.recordArtifact(this.#keeper.lease, artifact.id, change);
  }

  /**
   * Intent, then the object, then its id: makes the destination's object of a role once, whatever died in
   * between. What a predecessor made without recording its id is found by its marker and adopted.
   */
  async ensure<K extends DestinationArtifactKind>(
    destination: DestinationConnection,
    kind: K,
    role: string,
    spec: ArtifactSpecs[K],
    signal: AbortSignal,
  ): Promise<{ externalId: string; data: Readonly<Record<string, unknown>> }> {
    const name = 'name' in spec ? spec.name : null;
    const { artifact, fresh } = await this.intend({
      kind,
      side: 'destination',
      role,
      name,
      data: { spec },
    });
    if (artifact.status === 'created' && artifact.externalId !== null)
      return { externalId: artifact.externalId, data: artifact.data };
    const marker = this.marker(artifact);
    const found = fresh ? null : await destination.find(kind, spec, marker, signal);
    const usable = found && (await this.#usable(destination, kind, found.externalId, spec, signal));
    const made = usable ? found : await destination.create(kind, spec, marker, signal);
    await this.created(artifact, made.externalId, made.data);
    return { externalId: made.externalId, data: { ...artifact.data, ...made.data } };
  }

  /** Waits for what a predecessor began; what will never be of use is removed, to be made anew. */
  async #usable<K extends DestinationArtifactKind>(
    destination: DestinationConnection,
    kind: K,
    externalId: string,
    spec: ArtifactSpecs[K],
    signal: AbortSignal,
  ): Promise<boolean> {
    try {
      await destination.waitUsable(kind, externalId, spec, signal);
      return true;
    } catch (error) {
      if (!(error instanceof GutsError && error.details?.['unusable'] === true)) throw error;
      await destination.remove(kind, externalId, signal);
      return false;
    }
  }

  /**
   * Removes a destination's object, also one that was only intended or that was made twice. An attachment of an
   * earlier lease is noted as cut off, unless it was {@link letGo}: its worker may still have the volume open. It has not
   * when the volume was never written to: that is noted, under the lease, before the volume is opened.
   */
  async discard(destination: DestinationConnection, artifact: Artifact, signal: AbortSignal): Promise<void> {
    const { by } = artifact.data as { by?: Maker };
    const others = by !== undefined && by.epoch !== this.#keeper.lease.epoch;
    if (artifact.kind === 'attachment' && others && artifact.data['letGo'] !== true) {
      const volume = await this.byRole(artifact.role.replace(/^attachment:/, 'volume:'));
      if (volume?.data['written'] === true) await this.remember(artifact, { cutOff: true });
    }
    await this.discardObjects(destination, artifact, signal);
    await this.settled(artifact, 'removed');
  }

  /** Notes that nothing of this worker has a volume open any more: who goes on need not fear it. */
  async letGo(): Promise<void> {
    for (const artifact of await this.liveArtifacts()) {
      const { by } = artifact.data as { by?: Maker };
      if (artifact.kind === 'attachment' && by?.epoch === this.#keeper.lease.epoch)
        await this.remember(artifact, { letGo: true });
    }
  }

  /** Removes all that carries the artifact's marker, which stays in the journal as it is. @param except is left */
  async discardObjects(
    destination: DestinationConnection,
    artifact: Artifact,
    signal: AbortSignal,
    except: string | null = null,
  ): Promise<void> {
    const kind = artifact.kind as DestinationArtifactKind;
    const spec = artifact.data['spec'] as ArtifactSpecs[typeof kind];
    const found = await destination.findAll(kind, spec, this.marker(artifact), signal);
    const known = artifact.externalId === null ? [] : [artifact.externalId];
    for (const id of new Set([...known, ...found]))
      if (id !== except) await destination.remove(kind, id, signal);
  }

  putDisks(disks: readonly DiskProgress[]): Promise<void> {
    return this.#store.putDisks(this.#keeper.lease, disks);
  }

  disks(): Promise<readonly DiskProgress[]> {
    return this.#store.listDisks(this.migration.id);
  }

  setDemand(demand: Demand): Promise<void> {
    return this.#store.setDemand(this.#keeper.lease, demand);
  }

  putCheckpoint(checkpoint: DiskCheckpoint): Promise<void> {
    return this.#store.putCheckpoint(this.#keeper.lease, checkpoint);
  }

  replaceDigests(checkpoint: DiskCheckpoint): Promise<void> {
    return this.#store.replaceDigests(this.#keeper.lease, checkpoint);
  }

  checkpoints(diskKey: string, pass: number): Promise<readonly DiskCheckpoint[]> {
    return this.#store.listCheckpoints(this.migration.id, diskKey, pass);
  }

  dropCheckpoints(diskKey: string): Promise<void> {
    return this.#store.dropCheckpoints(this.#keeper.lease, diskKey);
  }

  putPass(pass: DiskPass): Promise<void> {
    return this.#store.putPass(this.#keeper.lease, pass);
  }

  /** What a pass copied is copied again. */
  async forgetCopy(pass: DiskPass): Promise<void> {
    await this.dropCheckpoints(pass.diskKey);
    if (pass.finishedAt !== null) await this.putPass({ ...pass, finishedAt: null, verification: null });
  }

  passes(): Promise<readonly DiskPass[]> {
    return this.#store.listPasses(this.migration.id);
  }

  putConsole(console: ConsoleText): Promise<void> {
    return this.#store.putConsole(this.#keeper.lease, console);
  }

  note(type: string, message: string, severity: NewEvent['severity'] = 'information'): Promise<void> {
    return this.#store.addEvent(this.#keeper.lease, this.event(type, message, {}, severity));
  }
}
