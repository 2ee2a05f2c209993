import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { turnsUntil } from '../nbd-rig.ts';

/** Kinds of what keeps a process busy that a copy may use. */
const KINDS = [
  'Timeout',
  'Immediate',
  'FSReqPromise',
  'PipeWrap',
  'TCPSocketWrap',
  'ProcessWrap',
  'PipeServerWrap',
];

export function busyWith(): Record<string, number> {
  const now = process.getActiveResourcesInfo();
  return Object.fromEntries(KINDS.map((kind) => [kind, now.filter((one) => one === kind).length]));
}

/** Files of a folder that this process has open. */
function openFiles(folder: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(folder) ? [path] : [];
    } catch (error) {
      // The folder that is being read was one of them.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  });
}

/** @throws when, after a moment, there are handles, sockets or timers that were not there before */
export async function assertNothingLeft(folder: string, before: Record<string, number>): Promise<void> {
  const more = (): string[] =>
    Object.entries(busyWith()).flatMap(([kind, count]) => (count > (before[kind] ?? 0) ? [kind] : []));
  // Sockets close a turn after they were told to.
  await turnsUntil(() => more().length === 0).catch(() => undefined);
  assert.deepEqual([...openFiles(folder), ...more()], []);
}
