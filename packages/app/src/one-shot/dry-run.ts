import { checkToWire } from '@guts/api';
import { planText } from '@guts/cli';
import {
  type EndpointConfig,
  ERROR_CODES,
  type Instance,
  isBlocker,
  type Log,
  type MigrationSpec,
} from '@guts/core';
import { createOpenStackDriver, hostFiles } from '@guts/driver-openstack';
import { createVSphereDriver } from '@guts/driver-vsphere';
import { examine } from '@guts/worker';
import type { Config } from '../config.ts';
import { vddkOf } from '../wiring/nbdkit.ts';

interface Ends {
  readonly source: EndpointConfig;
  readonly cloud: EndpointConfig;
  readonly targetProject: string | null;
}

/** Whole preflight of each, both ends asked; nothing is made, nothing is written. Gives the exit code. */
export async function dryRunOnce(
  { source: fromSource, cloud, targetProject }: Ends,
  instances: readonly Instance[],
  spec: MigrationSpec,
  {
    config,
    env,
    log,
    json,
  }: {
    readonly config: Config;
    readonly env: NodeJS.ProcessEnv;
    readonly log: Log;
    readonly json: boolean;
  },
): Promise<number> {
  const { signal } = new AbortController();
  const host = hostFiles(config);
  const source = await createVSphereDriver(undefined, vddkOf(config, env)).connect(fromSource, {
    signal,
    log,
  });
  try {
    const destination = await createOpenStackDriver(host).connect(cloud, { targetProject, signal, log });
    try {
      const facts = await destination.facts(signal);
      let blocked = false;
      for (const instance of instances) {
        const asked = { instance, spec, mode: 'cold', targetProject, facts, migrationId: null } as const;
        const found = await examine({ source, destination }, asked, signal);
        blocked ||= found.findings.some(isBlocker);
        const check = checkToWire(instance, found);
        const width = process.stdout.isTTY ? process.stdout.columns : 0;
        process.stdout.write(`${json ? JSON.stringify(check) : planText(check, [], width)}\n`);
      }
      return blocked ? ERROR_CODES.preflight_blocked.exit : 0;
    } finally {
      await destination.close();
    }
  } finally {
    await source.close();
  }
}
