import { existsSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  type ConnectParts,
  connect,
  formatBytes,
  listEndpoints,
  UsageError,
  waitForOperation,
} from '@guts/cli';
import { ApiCallError } from '@guts/contract';
import { messageOf } from '@guts/core';
import type { Command } from 'commander';
import { type Config, loadConfig } from '../config.ts';
import { maskAddress } from '../config/mask.ts';
import { type Check, failed, type Finding, ok, warning } from '../doctor/check.ts';
import { configuredDatabase, configuredKeystone, configuredQueue } from '../doctor/configured.ts';
import { privateFile, stateDir } from '../doctor/files.ts';
import { libdeflate, nodeVersion, openFiles, scratchSpace } from '../doctor/host.ts';
import { askVersion, freeIn, look, processLimits } from '../doctor/host-facts.ts';
import { checklist, exitCodeOf } from '../doctor/output.ts';
import { runChecks } from '../doctor/run.ts';
import { endpointChecks, serviceFindings } from '../doctor/service.ts';
import { toolChecks } from '../doctor/tools.ts';
import { type AskVddk, vddkCheck } from '../doctor/vddk.ts';
import { vddkOf } from '../wiring/nbdkit.ts';
import { VERSION } from '../version.ts';

export interface DoctorOptions {
  readonly config?: string;
  readonly format: 'table' | 'json';
}

function databaseCheck(config: Config): Check {
  const where = maskAddress(config.databaseUrl);
  const file = where.startsWith('sqlite:///')
    ? fileURLToPath(pathToFileURL(where.slice('sqlite://'.length)))
    : null;
  // To open it would make it.
  if (file !== null && !existsSync(file))
    return {
      subject: 'database',
      run: () =>
        Promise.resolve([ok('database', `${file} is not there yet; a daemon makes it when it starts`)]),
    };
  return configuredDatabase(config);
}

/** Loads the driver only where it is asked. */
function askVddk(config: Config, env: NodeJS.ProcessEnv): AskVddk {
  return async (signal) => {
    const { vddkObstacle } = await import('@guts/driver-vsphere');
    return vddkObstacle(vddkOf(config, env), signal);
  };
}

/** What is of this host and its configuration; needs no daemon. */
function localChecks(config: Config, env: NodeJS.ProcessEnv): Check[] {
  const { keyFile, tokenFile } = config;
  const notYet = (subject: string, path: string): Finding =>
    ok(
      subject,
      `${path} is not there yet; the first daemon makes it (copy it to the other hosts before theirs start)`,
    );
  return [
    stateDir(config.stateDir, look),
    privateFile('key file', keyFile, notYet('key file', keyFile), look),
    privateFile('token file', tokenFile, notYet('token file', tokenFile), look),
    databaseCheck(config),
    configuredQueue(config),
    ...(config.auth === 'keystone' ? [configuredKeystone(config, env)] : []),
    scratchSpace(config.scratchDir, freeIn, formatBytes),
    ...(config.vddkDir === null ? [] : [vddkCheck(config.vddkDir, askVddk(config, env))]),
  ];
}

/** What guts-api and its workers know: themselves, sources and destinations. */
async function remoteFindings(
  program: Command,
  parts: ConnectParts,
  signal: AbortSignal,
): Promise<Finding[]> {
  let connection: Awaited<ReturnType<typeof connect>>;
  try {
    connection = await connect(program, parts, signal);
  } catch (error) {
    if (error instanceof ApiCallError) return [failed('credential', error.message, error.remedy)];
    if (!(error instanceof UsageError)) throw error;
    return [
      warning(
        'guts-api',
        `not asked: ${messageOf(error)}`,
        'Start it (guts all), or say whose token to use: GUTS_TOKEN_FILE, --os-cloud.',
      ),
    ];
  }
  const { client, close } = connection;
  try {
    const { findings, workers } = await serviceFindings(client, VERSION, signal);
    if (workers === null) return findings;
    const parts = {
      client,
      list: (side: 'source' | 'destination') => listEndpoints(client, side),
      wait: (operation: Parameters<typeof waitForOperation>[1]) =>
        waitForOperation({ client, signal }, operation),
    };
    return [...findings, ...(await runChecks(await endpointChecks(parts, workers), signal))];
  } finally {
    await close();
  }
}

/** `guts doctor`. Gives the exit code. */
export async function runDoctor(
  program: Command,
  { config: file, format }: DoctorOptions,
  parts: ConnectParts & { readonly out: { write(text: string): unknown; readonly isTTY?: boolean } },
): Promise<0 | 1> {
  const { signal } = new AbortController();
  const subject = 'configuration';
  const path = file ?? parts.env['GUTS_CONFIG'];
  let config: Config | null = null;
  const configured: Check = {
    subject,
    run: () => {
      config = loadConfig(file ?? null, parts.env);
      return Promise.resolve([ok(subject, path ?? 'no file; defaults and the environment')]);
    },
  };
  const findings = await runChecks([nodeVersion(process.version), configured], signal);
  const local = config === null ? [] : localChecks(config, parts.env);
  const remote = remoteFindings(program, parts, signal);
  const { hasLibdeflate } = await import('@guts/disk');
  const host = [openFiles(processLimits), libdeflate(hasLibdeflate), ...toolChecks(askVersion)];
  const checks = [...local, ...host];
  findings.push(...(await runChecks(checks, signal)), ...(await remote));
  const { json } = program.opts<{ json: boolean }>();
  const text =
    json || format === 'json'
      ? `${JSON.stringify({ findings }, null, 2)}\n`
      : checklist(findings, parts.out.isTTY === true);
  parts.out.write(text);
  return exitCodeOf(findings);
}
