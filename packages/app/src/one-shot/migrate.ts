import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { diskToWire, eventToWire, migrationToWire, reportToWire, specFromWire } from '@guts/api';
import {
  migrationBody,
  type MigrationOptions,
  reportText,
  watchMigrations,
  type WatchSource,
} from '@guts/cli';
import {
  demandOf,
  buildReport,
  type Endpoint,
  ERROR_CODES,
  GutsError,
  type Instance,
  type Migration,
  type NewEvent,
  PROJECT_LOCAL,
  type Store,
} from '@guts/core';
import { toEndpointConfig, type VolumeAccess } from '@guts/driver-openstack';
import { createVSphereDriver } from '@guts/driver-vsphere';
import { CloudConfigError, loadCloud } from '@guts/openstack';
import { createScheduler, createWorker } from '../commands/daemon.ts';
import { loadConfig } from '../config.ts';
import { openBackends } from '../wiring/backends.ts';
import { createLog } from '../wiring/log.ts';
import { loadKeyFile, SealedSecrets } from '../wiring/secrets.ts';
import { prepareStateDir } from '../wiring/state-dir.ts';
import { keepEndpoint } from './endpoints.ts';
import { sourcePassword } from './password.ts';

export interface OneShotOptions extends MigrationOptions {
  readonly source: string;
  readonly username: string;
  readonly passwordFile?: string;
  readonly ca?: string;
  readonly fingerprint?: string;
  readonly insecure: boolean;
  readonly instance: readonly string[];
  readonly cloud?: string;
  readonly volumeAccess: VolumeAccess;
}

const SCOPE = { projectId: PROJECT_LOCAL };

async function sourceConfig(options: OneShotOptions, env: NodeJS.ProcessEnv) {
  const terminal = { input: process.stdin, output: process.stderr };
  const password = await sourcePassword(options.passwordFile, env, options.username, terminal);
  return {
    settings: {
      url: options.source,
      username: options.username,
      ...(options.ca === undefined ? {} : { ca: readFileSync(options.ca, 'utf8') }),
      ...(options.fingerprint === undefined ? {} : { fingerprint: options.fingerprint }),
      ...(options.insecure ? { insecure: true } : {}),
    },
    secret: { password },
  };
}

function cloudConfig(options: OneShotOptions, env: NodeJS.ProcessEnv) {
  try {
    const cloud = loadCloud({ env, ...(options.cloud === undefined ? {} : { cloud: options.cloud }) });
    return toEndpointConfig(cloud, options.volumeAccess);
  } catch (error) {
    if (error instanceof CloudConfigError)
      throw new GutsError('bad_request', error.message, { cause: error });
    throw error;
  }
}

/** The one machine that each name means, asked of the source itself. */
async function findInstances(
  config: Awaited<ReturnType<typeof sourceConfig>>,
  names: readonly string[],
  context: Parameters<ReturnType<typeof createVSphereDriver>['connect']>[1],
): Promise<Instance[]> {
  const connection = await createVSphereDriver().connect(config, context);
  try {
    const instances: Instance[] = [];
    for (const name of names) {
      const found = await connection.find(name, context.signal);
      const [first] = found;
      if (!first)
        throw new GutsError('not_found', `the source has no instance "${name}"`, {
          remedy: 'Names are compared exactly; a ref (vm-42) or a path (DC/vm/folder/name) will do, too.',
        });
      if (found.length > 1)
        throw new GutsError('ambiguous', `${found.length} instances are called "${name}"`, {
          remedy: `Give the ref or the path: ${found.map((one) => `${one.ref} (${one.path})`).join(', ')}.`,
        });
      instances.push(first);
    }
    return instances;
  } finally {
    await connection.close();
  }
}

function eventOf(id: string, type: string, message: string): NewEvent {
  return {
    projectId: PROJECT_LOCAL,
    resource: 'migration',
    resourceId: id,
    type,
    severity: 'information',
    message,
    data: {},
  };
}

/** A new migration; or the one of an earlier run that was cut off, which goes on. */
async function startMigration(
  store: Store,
  source: Endpoint,
  destination: Endpoint,
  instance: Instance,
  options: OneShotOptions,
): Promise<Migration> {
  const id = randomUUID();
  const body = migrationBody(options);
  const spec = specFromWire({
    source: source.id,
    destination: destination.id,
    instance: instance.ref,
    ...body,
  });
  try {
    return await store.createMigration(
      {
        id,
        projectId: PROJECT_LOCAL,
        userId: null,
        planId: null,
        name: instance.name.slice(0, 255),
        sourceId: source.id,
        destinationId: destination.id,
        instanceRef: instance.ref,
        instanceName: instance.name,
        targetProject: options.targetProject ?? null,
        mode: 'cold',
        purpose: 'production',
        priority: 0,
        spec,
        demand: demandOf(instance),
      },
      eventOf(id, 'migration.created', `migration of "${instance.name}" queued`),
    );
  } catch (error) {
    const owner = error instanceof GutsError ? error.details?.['migration_id'] : undefined;
    const found = typeof owner === 'string' ? await store.getMigration(owner, SCOPE) : null;
    const goesOn = ['queued', 'scheduled', 'running', 'cancelling'];
    if (found && goesOn.includes(found.status) && found.destinationId === destination.id) return found;
    throw error;
  }
}

function storeWatchSource(store: Store): WatchSource {
  return {
    migration: async (id) => {
      const migration = await store.getMigration(id, SCOPE);
      if (!migration) throw new GutsError('internal', `migration ${id} vanished`);
      return migrationToWire(migration);
    },
    disks: async (id) => (await store.listDisks(id)).map(diskToWire),
    events: async (id, after) =>
      (await store.listEvents(SCOPE, { after, limit: 1000, resourceId: id })).map(eventToWire),
  };
}

async function tell(store: Store, migration: Migration, json: boolean): Promise<void> {
  const { id } = migration;
  const [steps, artifacts, disks, passes] = await Promise.all([
    store.listSteps(id),
    store.listArtifacts(id),
    store.listDisks(id),
    store.listPasses(id),
  ]);
  const report = reportToWire(buildReport(migration, steps, artifacts, disks, passes));
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : `${reportText(report)}\n`);
  const remedy = migration.error?.remedy;
  if (!json && remedy !== undefined) process.stdout.write(`  what to do: ${remedy}\n`);
}

async function cancel(store: Store, id: string): Promise<void> {
  const event = eventOf(id, 'migration.action', 'cancel was asked for');
  if (await store.requestCancel(id, event)) return;
  const change = { status: 'cancelling', phase: 'undo', reason: 'cancel was asked for' } as const;
  await store.moveMigration(id, ['queued', 'scheduled'], change, event);
}

/** First interrupt: everything is put back. Second: the process ends, and a later run goes on. */
function undoOnInterrupt(store: Store, ids: readonly string[]): () => void {
  let asked = false;
  const interrupted = (): void => {
    if (asked) process.exit(130);
    asked = true;
    process.stderr.write('Putting everything back; interrupt again to stop at once (a later run goes on).\n');
    for (const id of ids) void cancel(store, id).catch(() => undefined);
  };
  process.on('SIGINT', interrupted);
  process.on('SIGTERM', interrupted);
  return () => {
    process.off('SIGINT', interrupted);
    process.off('SIGTERM', interrupted);
  };
}

/** `guts migrate`: moves machines with one command; its database lies in the state folder. Gives the exit code. */
export async function migrateOnce(
  options: OneShotOptions,
  json: boolean,
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const base = loadConfig(null, env);
  const config = {
    ...base,
    databaseUrl: `sqlite://${join(base.stateDir, 'one-shot.sqlite')}`,
    pollMilliseconds: 200,
    // A run that was cut off is gone on with soon.
    leaseSeconds: Math.min(base.leaseSeconds, 15),
    reservationSeconds: 10,
    busUrl: 'local:',
  };
  const log = createLog(env['GUTS_LOG_LEVEL'] ?? 'error', 'guts-migrate');
  const abort = new AbortController();
  const fromSource = await sourceConfig(options, env);
  const toCloud = cloudConfig(options, env);
  const instances = await findInstances(fromSource, options.instance, { signal: abort.signal, log });
  prepareStateDir(config.stateDir);
  const backends = await openBackends(config, log);
  const { store } = backends;
  try {
    const secrets = new SealedSecrets(loadKeyFile(config.keyFile));
    const parts = { store, secrets, newId: randomUUID };
    const source = await keepEndpoint(parts, 'source', options.source, 'vsphere', fromSource);
    const cloudName = options.cloud ?? env['OS_CLOUD'] ?? 'cloud';
    const destination = await keepEndpoint(parts, 'destination', cloudName, 'openstack', toCloud);
    const migrations: Migration[] = [];
    for (const instance of instances)
      migrations.push(await startMigration(store, source, destination, instance, options));
    return await runAll({ config, env, backends, log }, secrets, migrations, json);
  } finally {
    await backends.close();
  }
}

/** Workers of runs that were killed: nothing must be promised to them. */
async function forgetDeadWorkers(store: Store, host: string): Promise<void> {
  for (const service of await store.listServices(30)) {
    const pid = /^worker-(\d+)-/.exec(service.id)?.[1];
    if (pid !== undefined && service.host === host && !isRunning(Number(pid)))
      await store.removeService(service.id);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It runs, but belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function runAll(
  parts: Parameters<typeof createWorker>[0],
  secrets: SealedSecrets,
  migrations: readonly Migration[],
  json: boolean,
): Promise<number> {
  const { store } = parts.backends;
  const ids = migrations.map((one) => one.id);
  await forgetDeadWorkers(store, parts.config.host);
  const worker = createWorker(parts, secrets);
  const scheduler = createScheduler(parts);
  const release = undoOnInterrupt(store, ids);
  await worker.start();
  await scheduler.start();
  try {
    const out = json ? { write: () => undefined } : process.stdout;
    const signal = new AbortController().signal;
    await watchMigrations(storeWatchSource(store), ids, { out, signal });
  } finally {
    release();
    await scheduler.stop();
    await worker.stop();
  }
  let exit = 0;
  for (const id of ids) {
    const ended = await store.getMigration(id, SCOPE);
    if (!ended) throw new GutsError('internal', `migration ${id} vanished`);
    await tell(store, ended, json);
    if (ended.status !== 'completed') exit = ended.error ? ERROR_CODES[ended.error.code].exit : 5;
  }
  return exit;
}
