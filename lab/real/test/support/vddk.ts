import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { NbdkitCommand } from '@guts/disk';
import { ROOT } from './lab.ts';

const HOME = join(process.env['LAB_CACHE'] ?? '/var/cache/guts-real', 'vddk');
/** nbdkit with its vddk plugin, as lab/real/vddk/build.sh made it. */
export const NBDKIT = join(HOME, 'bin/nbdkit');
/** The stand-in for VMware's library. */
export const LIBRARY = join(HOME, 'lib');
export const PASSWORD = 'vddk "päss" word';

/** What the stand-in is told, by the end of the variable's name: see lab/real/vddk/vixdisklib.c. */
export type StandIn = Readonly<
  Partial<Record<'MAP' | 'ROOT' | 'PASSWORD' | 'LOG' | 'FAULT' | 'ONCE' | 'SLOW_MS', string>>
>;

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** A program that runs that nbdkit with the stand-in told so: nothing of an environment of ours reaches it. */
export function nbdkitTelling(path: string, told: StandIn): string {
  const lines = Object.entries(told).map(([name, value]) => `export VDDK_STANDIN_${name}=${quoted(value)}`);
  writeFileSync(path, `#!/bin/sh\n${lines.join('\n')}\nexec ${NBDKIT} "$@"\n`);
  chmodSync(path, 0o700);
  return path;
}

/** nbdkit's command for a disk. */
export const commandFor = (program: string, file: string, password = PASSWORD): NbdkitCommand => ({
  program,
  plugin: 'vddk',
  parameters: [
    ['libdir', LIBRARY],
    ['server', 'vcenter.example.org'],
    ['user', 'me@vsphere.local'],
    ['thumbprint', 'AB:CD'],
    ['vm', 'moref=vm-42'],
    ['transports', 'nbdssl'],
    ['file', file],
  ],
  secrets: { password },
});

export async function until(what: string, met: () => boolean): Promise<void> {
  for (let tries = 0; !met(); tries += 1) {
    if (tries > 500) throw new Error(`${what}: not within 10 seconds`);
    await pause(20);
  }
}

export const isAlive = (pid: number): boolean => {
  try {
    // One that ended and was not asked about yet runs no more.
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

/** Of the one server whose folder lies there; null: none has been noted. */
export function serverIn(runDir: string): { readonly pid: number; readonly folder: string } | null {
  for (const name of existsSync(runDir) ? readdirSync(runDir) : []) {
    const note = join(runDir, name, 'server.json');
    if (!existsSync(note) || !existsSync(join(runDir, name, 'nbd.sock'))) continue;
    const { pid } = JSON.parse(readFileSync(note, 'utf8')) as { pid: number };
    return { pid, folder: join(runDir, name) };
  }
  return null;
}

/** A process of its own that reads the disk again and again until it is killed. */
export function readForEver(runDir: string, program: string, file: string, size: number): ChildProcess {
  const script = join(ROOT, 'lab/real/test/support/vddk-reader.ts');
  return spawn(process.execPath, ['--import', 'tsx', script, runDir, program, file, String(size)], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}
