import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { type Log, messageOf } from '@guts/core';
import { cleanNbdkitFolders } from '@guts/disk';
import type { VddkOptions } from '@guts/driver-vsphere';
import type { Config } from '../config.ts';

type NbdkitConfig = Pick<Config, 'stateDir' | 'vddkDir' | 'vddkTransports' | 'nbdkitPath'>;

/** Where nbdkits of this host's workers have their sockets. */
const runDirOf = ({ stateDir }: Pick<Config, 'stateDir'>): string => join(stateDir, 'nbdkit');

/** What this worker has for the transport `vddk`; undefined: nothing is set. */
export function vddkOf(config: NbdkitConfig, env: NodeJS.ProcessEnv): VddkOptions | undefined {
  const { vddkDir: libraryDir, vddkTransports: modes, nbdkitPath: program } = config;
  if (libraryDir === null) return undefined;
  return { program, libraryDir, modes, runDir: runDirOf(config), spawn, env };
}

/** Takes away what workers of this host left that were killed. What cannot be taken away is logged. */
export async function cleanNbdkit(config: Pick<Config, 'stateDir'>, log: Log): Promise<void> {
  try {
    const removed = await cleanNbdkitFolders(runDirOf(config), Date.now());
    if (removed > 0) log.info({ removed }, 'took away what nbdkits of dead workers left');
  } catch (error) {
    log.warn({ err: error }, `what nbdkits of dead workers left was not taken away: ${messageOf(error)}`);
  }
}
