import { diskToWire, eventToWire, migrationToWire, reportToWire } from '@guts/api';
import { reportText, watchMigrations, type WatchSource } from '@guts/cli';
import { buildReport, ERROR_CODES, GutsError, type Migration, type Status, type Store } from '@guts/core';
import { createScheduler, createWorker } from '../commands/daemon.ts';
import { cleanNbdkit } from '../wiring/nbdkit.ts';
import type { SealedSecrets } from '../wiring/secrets.ts';
import { SCOPE } from './asker.ts';
import { nextCommands } from './next-commands.ts';
import type { OneShotOptions } from './options.ts';

/** A migration that is to be run to its rest, and the status which that is when all goes well. */
export interface Going {
  readonly migration: Migration;
  readonly goal: Status;
}

function storeWatchSource(store: Store): WatchSource {
  return {
    migration: async (id) => migrationToWire(await read(store, id)),
    disks: async (id) => (await store.listDisks(id)).map(diskToWire),
    events: async (id, after) =>
      (await store.listEvents(SCOPE, { after, limit: 1000, resourceId: id })).map(eventToWire),
  };
}

async function read(store: Store, id: string): Promise<Migration> {
  const migration = await store.getMigration(id, SCOPE);
  if (migration) return migration;
  throw new GutsError('internal', `migration ${id} vanished`);
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

/**
 * Runs a worker and a scheduler of its own until the migrations are at rest.
 * @param after events up to this sequence are old and not told
 */
export async function runToRest(
  parts: Parameters<typeof createWorker>[0],
  secrets: SealedSecrets,
  ids: readonly string[],
  options: { readonly quiet: boolean; readonly after: number },
): Promise<void> {
  const { store } = parts.backends;
  await forgetDeadWorkers(store, parts.config.host);
  await cleanNbdkit(parts.config, parts.log);
  const worker = createWorker(parts, secrets);
  const scheduler = createScheduler(parts);
  await worker.start();
  await scheduler.start();
  try {
    const out = options.quiet ? { write: () => undefined } : process.stdout;
    const { signal } = new AbortController();
    await watchMigrations(storeWatchSource(store), ids, { out, signal, after: options.after });
  } finally {
    await scheduler.stop();
    await worker.stop();
  }
}

/** What exists outside, and makes that the instance is not free for another migration. */
const KEEPS = ['intended', 'created'];

async function tell(
  store: Store,
  migration: Migration,
  options: OneShotOptions,
  json: boolean,
): Promise<void> {
  const { id, error, status } = migration;
  const [steps, artifacts, disks, passes] = await Promise.all([
    store.listSteps(id),
    store.listArtifacts(id),
    store.listDisks(id),
    store.listPasses(id),
  ]);
  const report = reportToWire(buildReport(migration, steps, artifacts, disks, passes));
  if (json) {
    process.stdout.write(`${JSON.stringify(report)}\n`);
    return;
  }
  const lines = [reportText(report)];
  if (status === 'completed' && error) lines.push(`  not committed: ${error.message}`);
  if (error?.remedy !== undefined) lines.push(`  what to do: ${error.remedy}`);
  if (status !== 'failed' || artifacts.some((one) => KEEPS.includes(one.status)))
    lines.push(...nextCommands(options, migration).map((line) => `  ${line}`));
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Tells what became of each; gives the exit code, which is that of the last that did not reach its goal. */
export async function tellAll(
  store: Store,
  going: readonly Going[],
  options: OneShotOptions,
  json: boolean,
): Promise<number> {
  let exit = 0;
  for (const { migration, goal } of going) {
    const ended = await read(store, migration.id);
    await tell(store, ended, options, json);
    if (ended.status !== goal) exit = ended.error ? ERROR_CODES[ended.error.code].exit : 5;
  }
  return exit;
}
