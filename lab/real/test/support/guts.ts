import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { VCenter } from '@guts/lab-vcenter';
import { CLOUDS_FILE, ROOT } from './lab.ts';

/** The report that `guts --json migrate` prints, as far as the scenarios read it. */
export interface Report {
  readonly status: string;
  readonly summary: string;
  readonly verified: boolean;
  readonly server_id: string | null;
  readonly boot: { readonly proven: boolean; readonly evidence: string } | null;
  readonly steps: readonly { readonly step: string; readonly status: string }[];
  readonly artifacts: readonly {
    readonly kind: string;
    readonly role: string;
    readonly external_id: string | null;
    readonly status: string;
  }[];
  readonly disks: readonly { readonly key: string; readonly transport: string | null }[];
}

export interface Run {
  readonly code: number | null;
  /** Standard output and error together, for failure messages and for what the user reads. */
  readonly text: string;
  /** Null when the run ended before there was a migration. */
  readonly report: Report | null;
}

export interface MigrateOptions {
  readonly instance: string;
  readonly cloud: string;
  /** `--name value` for each, beside source, instance and cloud; an empty value for a flag alone. */
  readonly flags: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the built binary as a user would: `guts migrate`, with a state folder of its own. */
export async function migrate(source: VCenter, options: MigrateOptions): Promise<Run> {
  const stateDir = await mkdtemp(join(tmpdir(), 'guts-real-state-'));
  const flags = {
    source: source.url,
    fingerprint: source.fingerprintSha256,
    username: source.username,
    instance: options.instance,
    cloud: options.cloud,
    ...options.flags,
  };
  try {
    return await run(
      ['--json', 'migrate', ...Object.entries(flags).flatMap(([name, value]) => toArguments(name, value))],
      {
        PATH: process.env['PATH'] ?? '',
        HOME: stateDir,
        GUTS_STATE_DIR: stateDir,
        GUTS_SOURCE_PASSWORD: source.password,
        OS_CLIENT_CONFIG_FILE: CLOUDS_FILE,
        ...options.env,
      },
    );
  } finally {
    await rm(stateDir, { recursive: true, force: true });
  }
}

/** The report of a run that succeeded. @throws Error with all that was printed, when it did not */
export function succeeded(run: Run): Report {
  if (run.code !== 0 || !run.report) throw new Error(`guts ended with ${run.code}: ${run.text}`);
  return run.report;
}

function toArguments(name: string, value: string): string[] {
  return value === '' ? [`--${name}`] : [`--${name}`, value];
}

function run(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(ROOT, 'packages/app/bin/guts.js'), ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (out += chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (err += chunk));
    child.once('error', reject);
    child.once('close', (code) => {
      const line = out.split('\n').find((one) => one.startsWith('{"'));
      const parsed = line === undefined ? null : (JSON.parse(line) as Partial<Report>);
      const report = parsed?.steps === undefined ? null : (parsed as Report);
      resolve({ code, text: `${out}${err}`, report });
    });
  });
}
