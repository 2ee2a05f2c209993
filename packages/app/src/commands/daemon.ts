import { randomUUID } from 'node:crypto';
import {
  type ApiOptions,
  cachedTokens,
  createApi,
  type DashboardLogins,
  tokenAuthenticator,
} from '@guts/api';
import { type Log, messageOf, recheck } from '@guts/core';
import { createOpenStackDriver, hostFiles } from '@guts/driver-openstack';
import { createVSphereDriver } from '@guts/driver-vsphere';
import { Scheduler } from '@guts/scheduler';
import { Connections, pausesWithin, Worker } from '@guts/worker';
import type { Output } from '@guts/cli';
import { type Config, loadConfig } from '../config.ts';
import { faultAfter } from '../faults/fault-after.ts';
import { type Points, pointsFrom } from '../faults/points.ts';
import { type Backends, openBackends } from '../wiring/backends.ts';
import { systemClock } from '../wiring/clock.ts';
import { CopyMemory, CopyRate } from '@guts/disk';
import { chunkThreads } from '../wiring/chunk-threads.ts';
import { diskCopier } from '../wiring/copier.ts';
import { createLog } from '../wiring/log.ts';
import { cleanNbdkit, vddkOf } from '../wiring/nbdkit.ts';
import { keystoneTokens } from '../wiring/keystone-tokens.ts';
import { startNotifier } from '../wiring/notifications.ts';
import { loadPolicy } from '../wiring/policy-file.ts';
import { openSecrets, type SealedSecrets } from '../wiring/secrets.ts';
import { builtDashboard, tellDashboard } from '../wiring/dashboard.ts';
import { loadToken } from '../wiring/token.ts';
import { freeBytes, prepareScratchDir, prepareStateDir } from '../wiring/state-dir.ts';
import { VERSION } from '../version.ts';

export type Daemon = 'all' | 'api' | 'scheduler' | 'migration';

interface Parts {
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
  readonly backends: Pick<Backends, 'store' | 'bus' | 'relay'>;
  readonly log: Log;
  /** Where to tell a person something; left out: nowhere. */
  readonly out?: Output;
  /** Points for tests; see faults/points.ts. */
  readonly points?: Points;
}
interface Running {
  stop(): Promise<void>;
}

/**
 * A worker wired with both drivers; also what the one-shot runs. Makes its scratch folder.
 * @throws GutsError `configuration` when that folder is of no use
 */
export function createWorker(parts: Parts, secrets: SealedSecrets): Worker {
  const { config, env, backends, log, points } = parts;
  const { store, bus } = backends;
  prepareScratchDir(config.scratchDir);
  const afterStep = faultAfter(env);
  const rate = new CopyRate();
  const connections = new Connections({
    sources: [createVSphereDriver(points?.aroundCall, vddkOf(config, env))],
    destinations: [createOpenStackDriver(hostFiles(config), points?.aroundRequest)],
    store,
    secrets,
    ...(points ? { watch: points.watch } : {}),
  });
  return new Worker({
    id: `worker-${process.pid}-${randomUUID()}`,
    host: config.host,
    version: VERSION,
    slots: config.slots,
    leaseSeconds: config.leaseSeconds,
    pollMilliseconds: config.pollMilliseconds,
    heartbeatMilliseconds: heartbeatOf(config),
    freeSpace: () => freeBytes(config.scratchDir),
    bytesPerSecond: bandwidthOf(config),
    stopSeconds: config.stopSeconds,
    checkpointBytes: config.checkpointMiB * 2 ** 20,
    retryPauses: pausesWithin(config.retrySeconds),
    recheck: (work, holding, worker) => recheck(work, holding, worker, config.limits),
    store,
    bus,
    connections,
    copier: diskCopier({
      memory: new CopyMemory(config.copyMemoryMiB * 2 ** 20),
      rate,
      threads: chunkThreads(),
    }),
    limitCopies: (bytesPerSecond) => rate.limit(bytesPerSecond),
    clock: systemClock,
    log,
    newId: randomUUID,
    ...(afterStep ? { afterStep } : {}),
  });
}

/** Bytes per second, within what databases hold; null: not known. */
function bandwidthOf({ bandwidthMiBPerSecond: mib }: Config): number | null {
  return mib === 0 ? null : Math.min(mib * 2 ** 20, Number.MAX_SAFE_INTEGER);
}

/** Three in the time that a daemon counts as alive. */
function heartbeatOf({ aliveSeconds }: Config): number {
  return Math.min(5000, (aliveSeconds * 1000) / 3);
}

export function createScheduler({ config, backends, log }: Parts): Scheduler {
  const { store, bus, relay } = backends;
  return new Scheduler({
    id: `scheduler-${randomUUID()}`,
    host: config.host,
    version: VERSION,
    store,
    bus,
    clock: systemClock,
    log,
    heartbeatMilliseconds: heartbeatOf(config),
    nudge: () => relay.nudge(),
    limits: config.limits,
    aliveSeconds: config.aliveSeconds,
    reservationSeconds: config.reservationSeconds,
    pollMilliseconds: config.pollMilliseconds,
  });
}

interface Callers {
  readonly authenticate: ApiOptions['authenticate'];
  readonly challenge: string | null;
  readonly logins: DashboardLogins;
  close(): Promise<void>;
}

/** How guts-api knows who asks. @throws GutsError `configuration` */
async function openCallers({ config, env, log }: Parts): Promise<Callers> {
  if (config.auth === 'local') {
    log.info({ token_file: config.tokenFile }, 'callers are known by the local token');
    const token = loadToken(config.tokenFile);
    return {
      authenticate: tokenAuthenticator(token),
      challenge: null,
      logins: { by: 'link', token },
      close: () => Promise.resolve(),
    };
  }
  const tokens = keystoneTokens(config, env, log);
  try {
    await tokens.start();
  } catch (error) {
    await tokens.close();
    throw error;
  }
  const seconds = config.tokenCacheSeconds;
  const authenticate = cachedTokens(tokens.lookup, { seconds, clock: systemClock });
  const logins = { by: 'keystone', keystone: tokens.logins } as const;
  return { authenticate, challenge: tokens.challenge, logins, close: () => tokens.close() };
}

async function startApi(parts: Parts, secrets: SealedSecrets): Promise<Running> {
  const { config, backends, log } = parts;
  const { store, bus, relay } = backends;
  const policy = loadPolicy(config.policyFile);
  const callers = await openCallers(parts);
  const dashboardFolder = config.dashboardDir ?? builtDashboard();
  const api = createApi({
    store,
    bus,
    nudge: () => relay.nudge(),
    secrets,
    authenticate: callers.authenticate,
    challenge: callers.challenge,
    policy,
    host: config.listenHost,
    hostName: config.host,
    port: config.listenPort,
    publicUrl: config.publicUrl,
    requestsPerMinute: config.requestsPerMinute,
    metricsOpen: config.metricsOpen,
    limits: config.limits,
    logins: callers.logins,
    dashboardFolder,
    version: VERSION,
    log,
    clock: systemClock,
    newId: randomUUID,
  });
  const stop = async (): Promise<void> => {
    await api.close();
    await callers.close();
  };
  try {
    const address = await api.listen();
    log.info({ address }, `guts-api listens on ${address}`);
    tellDashboard(parts, dashboardFolder, config.publicUrl ?? address, () => api.dashboardLink());
    return { stop };
  } catch (error) {
    await callers.close();
    throw error;
  }
}

async function startAll(daemon: Daemon, parts: Parts): Promise<Running[]> {
  const secrets = await openSecrets(parts.config.keyFile, parts.backends.store);
  const running: Running[] = [];
  try {
    if (daemon === 'all' || daemon === 'migration') {
      await cleanNbdkit(parts.config, parts.log);
      const worker = createWorker(parts, secrets);
      await worker.start();
      running.push(worker);
    }
    if (daemon === 'all' || daemon === 'scheduler') {
      const scheduler = createScheduler(parts);
      await scheduler.start();
      running.push(scheduler);
      const notifier = await startNotifier(parts);
      if (notifier) running.push(notifier);
    }
    if (daemon === 'all' || daemon === 'api') running.push(await startApi(parts, secrets));
    return running;
  } catch (error) {
    await stopAll(running);
    throw error;
  }
}

async function stopAll(running: readonly Running[]): Promise<void> {
  const ends = await Promise.allSettled(running.toReversed().map((one) => one.stop()));
  const failures = ends.flatMap((end): unknown[] => (end.status === 'rejected' ? [end.reason] : []));
  if (failures.length > 1)
    throw new AggregateError(failures, `daemons did not stop well: ${failures.map(messageOf).join('; ')}`);
  if (failures.length === 1) throw failures[0];
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
function signalled(log: Log): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const handler = (signal: NodeJS.Signals): void => {
      if (asked) process.exit(1);
      asked = true;
      log.info({ signal }, 'stopping; a second signal ends at once');
      resolve();
    };
    process.on('SIGTERM', handler);
    process.on('SIGINT', handler);
  });
}

/** Runs until told to stop. @throws GutsError `configuration` when it cannot start */
export async function runDaemon(
  daemon: Daemon,
  configFile: string | null,
  env: NodeJS.ProcessEnv,
  out: Output,
): Promise<void> {
  const config = loadConfig(configFile, env);
  const log = createLog(config.logLevel, daemon === 'all' ? 'guts' : `guts-${daemon}`);
  prepareStateDir(config.stateDir);
  const points = pointsFrom(env);
  const backends = await openBackends(config, log, points?.watch);
  try {
    const running = await startAll(daemon, {
      config,
      env,
      backends,
      log,
      out,
      ...(points ? { points } : {}),
    });
    await signalled(log);
    await stopAll(running);
  } finally {
    await backends.close();
  }
}
