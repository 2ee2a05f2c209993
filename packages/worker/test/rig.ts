import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Bus,
  type Clock,
  DEFAULT_POLICIES,
  type DiskCopier,
  GutsError,
  type Migration,
  type MigrationSpec,
  type NewEvent,
  type Policies,
  SILENT_LOG,
  type StepName,
  type Store,
  UNKNOWN_DEMAND,
} from '@guts/core';
import { openStore } from '@guts/store';
import { Connections, MigrationRun, Worker, type WorkerOptions } from '../src/index.ts';
import { FakeDestination } from './fake-destination.ts';
import { FakeSource } from './fake-source.ts';

const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (milliseconds, signal) => sleep(milliseconds, undefined, signal ? { signal } : {}),
};

const CHUNK = 1024;
const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex').slice(0, 32);

/** Copies one KiB after the other; goes on where it is told to, and pauses and leaves checkpoints as the real one. */
export const copier: DiskCopier = {
  async copy({ source, target, signal, resume, onCheckpoint, pause, onProgress }) {
    if (source.kind !== 'reader') throw new Error('only readers here');
    const pieces = [...(resume?.pieces ?? [])];
    let bytesRead = 0;
    for (let offset = pieces.length * CHUNK; offset < source.size; offset += CHUNK) {
      signal.throwIfAborted();
      const bytes = new Uint8Array(Math.min(CHUNK, source.size - offset));
      await source.read(offset, bytes, signal);
      bytesRead += bytes.length;
      await target.write(offset, bytes, signal);
      const piece = { firstChunk: pieces.length, chunks: 1, digests: digestOf(bytes) };
      pieces.push(piece);
      const bytesDone = offset + bytes.length;
      onProgress?.({ bytesDone, bytesTotal: source.size, bytesRead, bytesWritten: bytesRead });
      await target.flush(signal);
      await onCheckpoint?.({ bytesDone, chunkSize: CHUNK, key: 'none', piece });
      if (bytesDone < source.size) pause?.throwIfAborted();
    }
    await target.flush(signal);
    const algorithm = 'aes-128-gmac' as const;
    const manifest = { size: source.size, chunkSize: CHUNK, algorithm, key: 'none', pieces };
    return { manifest, bytesRead, bytesWritten: bytesRead, bytesZero: 0 };
  },
  async repair({ source, target, manifest, extents, signal }) {
    if (source.kind !== 'reader') throw new Error('only readers here');
    const changed = [];
    for (const { offset, length } of extents)
      for (let at = offset; at < offset + length; at += CHUNK) {
        const bytes = new Uint8Array(CHUNK);
        await source.read(at, bytes, signal);
        await target.write(at, bytes, signal);
        const piece = { firstChunk: at / CHUNK, chunks: 1, digests: digestOf(bytes) };
        if (manifest.pieces[piece.firstChunk]?.digests !== piece.digests) changed.push(piece);
      }
    await target.flush(signal);
    return { changed, bytesRead: 0, bytesWritten: 0 };
  },
  async verify({ manifest, reader, signal }) {
    if (reader.kind !== 'reader') throw new Error('only readers here');
    const mismatches: { offset: number; length: number }[] = [];
    for (const [index, { digests }] of manifest.pieces.entries()) {
      const bytes = new Uint8Array(CHUNK);
      await reader.read(index * CHUNK, bytes, signal);
      if (digestOf(bytes) !== digests) mismatches.push({ offset: index * CHUNK, length: CHUNK });
    }
    return { mismatches, bytesChecked: reader.size };
  },
};

/** The store as a worker sees it that dies at its n-th write: neither that one nor any after it is done. */
function dyingAt(n: number, store: Store): Store {
  let left = n;
  return new Proxy(store, {
    get(object, name): unknown {
      const value: unknown = Reflect.get(object, name, object);
      if (typeof value !== 'function') return value;
      const method = value as (...given: unknown[]) => unknown;
      const writes = /^(set|begin|finish|intend|record|put|drop|add|release)/.test(String(name));
      return (...given: unknown[]): unknown => {
        if (writes) left -= 1;
        if (left <= 0) return Promise.reject(new GutsError('lease_lost', 'the worker is dead'));
        return method.apply(object, given);
      };
    },
  });
}

/** A worker's run of one migration against fakes and a real store. */
export class Rig {
  readonly source = new FakeSource();
  readonly destination = new FakeDestination();
  readonly store: Store;
  readonly id = 'm1';
  copier: DiskCopier = copier;

  private constructor(store: Store) {
    this.store = store;
  }

  static async open(): Promise<Rig> {
    const store = await openStore({ url: 'sqlite::memory:' });
    await store.upgrade();
    const rig = new Rig(store);
    for (const [side, driver] of [
      ['source', 'vsphere'],
      ['destination', 'openstack'],
    ] as const)
      await store.createEndpoint(
        { id: side, projectId: 'p', side, name: side, driver, settings: {}, sealedSecret: '{}' },
        rig.event('created'),
      );
    return rig;
  }

  event(type: string): NewEvent {
    return {
      projectId: 'p',
      resource: 'migration',
      resourceId: this.id,
      type,
      severity: 'information',
      message: type,
      data: {},
    };
  }

  async create(
    policies: Partial<Policies> = {},
    spec: Partial<MigrationSpec> = {},
    targetProject: string | null = null,
  ): Promise<void> {
    await this.store.createMigration(
      {
        id: this.id,
        projectId: 'p',
        userId: null,
        planId: null,
        name: 'web 1',
        sourceId: 'source',
        destinationId: 'destination',
        instanceRef: 'vm-1',
        instanceName: 'web 1',
        targetProject,
        mode: 'cold',
        purpose: 'production',
        priority: 0,
        spec: {
          transport: 'auto',
          bootFrom: 'image',
          keepMac: true,
          keepIp: false,
          mapping: { networks: { '*': { network: 'own' } }, datastores: {}, nics: {}, disks: {} },
          flavor: null,
          targetName: null,
          availabilityZone: null,
          securityGroups: [],
          properties: {},
          policies: { ...DEFAULT_POLICIES, bootPattern: 'login:', bootSeconds: 1, ...policies },
          ...spec,
        },
        demand: UNKNOWN_DEMAND,
      },
      this.event('created'),
    );
  }

  /** Leases the migration to a worker and runs it to its end. */
  async run(
    options: {
      worker?: string;
      seconds?: number;
      afterStep?: (step: StepName) => void;
      started?: (run: MigrationRun) => void;
      /** None unless given: what fails counts at once. */
      retryPauses?: readonly number[];
      /** The worker dies at this write; counts from 1. */
      diesAt?: number;
    } = {},
  ): Promise<Migration> {
    const { worker = 'w1', seconds = 60, afterStep, started, retryPauses = [], diesAt } = options;
    // A dead worker's lease, however short, has to pass first.
    for (let tries = 0; tries < 500; tries += 1) {
      if (await this.reserve(worker)) break;
      await sleep(10);
    }
    const got = await this.store.acquireLease(this.id, worker, seconds);
    if (!got) throw new Error('no lease');
    const connections = this.#connections();
    const parts = {
      store: diesAt === undefined ? this.store : dyingAt(diesAt, this.store),
      connections,
      copier: this.copier,
      clock,
      log: SILENT_LOG,
      newId: randomUUID,
      checkpointBytes: 1024,
      retryPauses,
      ...(afterStep ? { afterStep } : {}),
    };
    const run = new MigrationRun(parts, got.lease, got.migration);
    started?.(run);
    await run.run();
    return this.migration();
  }

  #connections(): Connections {
    return new Connections({
      sources: [this.source.driver],
      destinations: [this.destination.driver],
      store: this.store,
      secrets: { seal: () => '{}', open: () => ({}) },
    });
  }

  /** What a worker's operations run with. */
  operationParts() {
    const { store } = this;
    const connections = this.#connections();
    return { store, connections, clock, log: SILENT_LOG, workerId: 'w1', leaseSeconds: 60 };
  }

  /** A whole worker, which takes what is reserved for it. */
  worker(
    id: string,
    options: Partial<
      Pick<WorkerOptions, 'host' | 'stopSeconds' | 'freeSpace' | 'bytesPerSecond' | 'limitCopies'>
    > = {},
  ): Worker {
    return new Worker({
      ...this.operationParts(),
      id,
      host: 'h',
      version: '0',
      slots: 1,
      pollMilliseconds: 10,
      heartbeatMilliseconds: 10,
      freeSpace: () => Promise.resolve(0),
      bytesPerSecond: null,
      stopSeconds: 60,
      checkpointBytes: 1024,
      retryPauses: [],
      newId: randomUUID,
      copier: this.copier,
      bus: { subscribe: () => Promise.resolve(() => Promise.resolve()) } as unknown as Bus,
      ...options,
    });
  }

  /** True when a scheduling round gave the migration to the worker. */
  async reserve(worker: string): Promise<boolean> {
    const { reserved } = await this.store.scheduleRound(
      { aliveSeconds: 60, reservationSeconds: 60, limit: 10 },
      ({ waiting }) =>
        waiting.map(({ id }) => ({
          id,
          workerId: worker,
          reason: 'the only one',
          trace: { filters: [], weights: [], limit: null },
        })),
    );
    return reserved.some((one) => one.id === this.id);
  }

  /** Another worker goes on, if there is anything left to do. */
  async succeed(worker: string): Promise<Migration> {
    const now = await this.migration();
    return now.status === 'completed' ? now : this.run({ worker });
  }

  /** Through every step that has no result that holds. */
  async retry(): Promise<void> {
    const change = { status: 'queued' as const, phase: null };
    await this.store.moveMigration(this.id, ['failed'], change, this.event('retry'));
  }

  async migration(): Promise<Migration> {
    const found = await this.store.getMigration(this.id, { projectId: null });
    if (!found) throw new Error('no migration');
    return found;
  }
}
