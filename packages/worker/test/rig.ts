import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Clock,
  DEFAULT_POLICIES,
  type DiskCopier,
  type Migration,
  type MigrationSpec,
  type NewEvent,
  type Policies,
  SILENT_LOG,
  type StepName,
  type Store,
} from '@guts/core';
import { openStore } from '@guts/store';
import { Connections, MigrationRun } from '../src/index.ts';
import { FakeDestination } from './fake-destination.ts';
import { FakeSource } from './fake-source.ts';

const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (milliseconds, signal) => sleep(milliseconds, undefined, signal ? { signal } : {}),
};

/** Copies whole disks at once; enough for disks of some KiB. */
const copier: DiskCopier = {
  async copy({ source, target, signal }) {
    if (source.kind !== 'reader') throw new Error('only readers here');
    const bytes = new Uint8Array(source.size);
    await source.read(0, bytes, signal);
    await target.write(0, bytes, signal);
    await target.flush(signal);
    const digests = [createHash('sha256').update(bytes).digest('hex').slice(0, 32)];
    const manifest = { size: source.size, chunkSize: source.size, algorithm: 'sha256' as const, digests };
    return { manifest, bytesRead: source.size, bytesWritten: source.size, bytesZero: 0 };
  },
  async verify({ manifest, reader, signal }) {
    const bytes = new Uint8Array(reader.size);
    await reader.read(0, bytes, signal);
    const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 32);
    const mismatches = digest === manifest.digests[0] ? [] : [{ offset: 0, length: reader.size }];
    return { mismatches, bytesChecked: reader.size };
  },
};

/** A worker's run of one migration against fakes and a real store. */
export class Rig {
  readonly source = new FakeSource();
  readonly destination = new FakeDestination();
  readonly store: Store;
  readonly id = 'm1';

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

  async create(policies: Partial<Policies> = {}, spec: Partial<MigrationSpec> = {}): Promise<void> {
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
        targetProject: null,
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
      },
      this.event('created'),
    );
  }

  /** Leases the migration to a worker and runs it to its end. */
  async run(
    options: { worker?: string; seconds?: number; afterStep?: (step: StepName) => void } = {},
  ): Promise<Migration> {
    const { worker = 'w1', seconds = 60, afterStep } = options;
    // A dead worker's lease, however short, has to pass first.
    for (let tries = 0; tries < 500; tries += 1) {
      if (await this.store.reserve(this.id, worker, 60, this.event('reserved'))) break;
      await sleep(10);
    }
    const got = await this.store.acquireLease(this.id, worker, seconds);
    if (!got) throw new Error('no lease');
    const secrets = { seal: () => '{}', open: () => ({}) };
    const connections = new Connections({
      sources: [this.source.driver],
      destinations: [this.destination.driver],
      store: this.store,
      secrets,
    });
    const parts = { store: this.store, connections, copier, clock, log: SILENT_LOG, newId: randomUUID };
    await new MigrationRun(afterStep ? { ...parts, afterStep } : parts, got.lease, got.migration).run();
    return this.migration();
  }

  /** Another worker goes on, if there is anything left to do. */
  async succeed(worker: string): Promise<Migration> {
    const now = await this.migration();
    return now.status === 'completed' ? now : this.run({ worker });
  }

  /** From the first step whose result is still valid. */
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
