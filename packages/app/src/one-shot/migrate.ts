import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { ActionParts } from '@guts/api';
import { terminalAsk } from '@guts/cli';
import type { Endpoint, Instance, MigrationSpec } from '@guts/core';
import { loadConfig } from '../config.ts';
import { openBackends } from '../wiring/backends.ts';
import { createLog } from '../wiring/log.ts';
import { openSecrets } from '../wiring/secrets.ts';
import { prepareStateDir } from '../wiring/state-dir.ts';
import { askAction, migrationOf, wanted } from './ask-action.ts';
import { SCOPE } from './asker.ts';
import { cloudConfig, cloudName, sourceConfig } from './configs.ts';
import { dryRunOnce } from './dry-run.ts';
import { keepDestination, keepSource } from './endpoints.ts';
import { findInstances } from './find-instances.ts';
import { cancelSurely, undoOnInterrupt } from './interrupt.ts';
import type { OneShotAction, OneShotOptions } from './options.ts';
import { type Going, runToRest, tellAll } from './run.ts';
import { specOf, startMigration } from './start-migration.ts';

interface Work {
  readonly parts: ActionParts;
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly instances: readonly Instance[];
  readonly options: OneShotOptions;
}

/** All are begun, or none: what was made before one was refused is taken back. */
async function startAll({ parts, instances, options, ...ends }: Work, spec: MigrationSpec): Promise<Going[]> {
  const going: Going[] = [];
  const made: Going[] = [];
  try {
    for (const instance of instances) {
      const started = await startMigration({ ...ends, store: parts.store }, instance, options, spec);
      const { migration } = started;
      const one: Going = { migration, goal: 'completed' };
      going.push(one);
      if (started.made) made.push(one);
    }
    return going;
  } catch (error) {
    for (const { migration } of made) await cancelSurely(parts, migration.id);
    throw error;
  }
}

function interruptedText(action: OneShotAction | undefined): string {
  const what =
    action === 'revert' || action === 'commit'
      ? `The ${action} goes on to its end`
      : 'Putting everything back';
  return `${what}; interrupt again to stop at once (a later run goes on).`;
}

/** Null: a person said no. */
async function askAll(work: Work, action: OneShotAction): Promise<Going[] | null> {
  const { parts, source, destination, instances, options } = work;
  const migrations = [];
  for (const instance of instances)
    migrations.push(await migrationOf(parts.store, source, destination, instance));
  const ask = terminalAsk(process.stdin, process.stderr, process.stdout);
  if (!(await wanted({ ask }, migrations, options))) return null;
  const going: Going[] = [];
  for (const migration of migrations) going.push(await askAction(parts, migration, action, options.target));
  return going;
}

/**
 * `guts migrate`: moves machines with one command, or asks an action of what an earlier run moved; its database
 * lies in the state folder. Gives the exit code.
 */
export async function migrateOnce(
  options: OneShotOptions,
  json: boolean,
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const { action } = options;
  const spec = specOf(options);
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
  const fromSource = await sourceConfig(options, env);
  const toCloud = cloudConfig(options, env);
  const { signal } = new AbortController();
  const instances = await findInstances(fromSource, options.instance, { signal, log });
  if (options.dryRun) {
    const ends = { source: fromSource, cloud: toCloud, targetProject: options.targetProject ?? null };
    return dryRunOnce(ends, instances, spec, { config, env, log, json });
  }
  prepareStateDir(config.stateDir);
  const backends = await openBackends(config, log);
  const { store } = backends;
  try {
    const secrets = await openSecrets(config.keyFile, null);
    const kept = { store, secrets, newId: randomUUID };
    const source = await keepSource(kept, options.source, 'vsphere', fromSource);
    const destination = await keepDestination(kept, cloudName(options, env), 'openstack', toCloud);
    const parts = { store, newId: randomUUID, nudge: () => backends.relay.nudge() };
    const work = { parts, source, destination, instances, options };
    const [newest] = await store.listEvents(SCOPE, { after: 0, limit: 1, newest: true });
    const going = action === undefined ? await startAll(work, spec) : await askAll(work, action);
    if (going === null) return 1;
    const ids = going.map(({ migration }) => migration.id);
    const after = action === undefined ? 0 : (newest?.sequence ?? 0);
    const release = undoOnInterrupt(parts, ids, process, interruptedText(action));
    try {
      await runToRest({ config, env, backends, log }, secrets, ids, { quiet: json, after });
    } finally {
      release();
    }
    return await tellAll(store, going, options, json);
  } finally {
    await backends.close();
  }
}
