import { GutsError, type ServerState } from '@guts/core';
import {
  getServer,
  isStatus,
  lockServer,
  type OpenStackSession,
  type Server,
  serverAction,
  unlockServer,
  waitFor,
} from '@guts/openstack';
import { isLost } from './artifacts/until-gone.ts';

const POWER_SECONDS = 600;
const ATTEMPTS = 3;

const STATES: Readonly<Record<string, ServerState>> = {
  ACTIVE: 'active',
  SHUTOFF: 'off',
  BUILD: 'building',
  ERROR: 'error',
  DELETED: 'gone',
  SOFT_DELETED: 'gone',
};

export function stateOf(server: Server | null): ServerState {
  return server ? (STATES[server.status] ?? 'other') : 'gone';
}

/** Off, gone, or failed before any hypervisor started it: Nova refuses to stop what never was launched. */
function isQuiet(server: Server | null): boolean {
  const state = stateOf(server);
  if (state === 'off' || state === 'gone') return true;
  const idle = (server?.['OS-EXT-STS:task_state'] ?? null) === null;
  return state === 'error' && idle && server?.['OS-SRV-USG:launched_at'] === null;
}

async function power(
  session: OpenStackSession,
  id: string,
  action: 'os-start' | 'os-stop',
  reached: (server: Server | null) => boolean,
  signal: AbortSignal,
): Promise<void> {
  const look = async (): Promise<Server | null> => getServer(session, id, signal);
  if (reached(await look())) return;
  let asked = false;
  await waitFor(
    async () => {
      const server = await look();
      if (reached(server)) return true;
      // What a predecessor asked for may still be under way: it is waited for, then ours is asked for once.
      if (asked || (server?.['OS-EXT-STS:task_state'] ?? null) !== null) return null;
      try {
        await serverAction(session, id, action, signal);
        asked = true;
      } catch (error) {
        // Whether it was done is seen at the next look.
        if (isLost(error)) return null;
        // In a state that forbids it: the one that is wanted may have come, or another task have begun.
        if (!isStatus(error, 404, 409)) throw error;
        const now = await look();
        if (reached(now)) return true;
        if ((now?.['OS-EXT-STS:task_state'] ?? null) === null) throw error;
      }
      return null;
    },
    { signal, what: `server ${id} after ${action}`, deadlineSeconds: POWER_SECONDS },
  );
}

export function startServer(session: OpenStackSession, id: string, signal: AbortSignal): Promise<void> {
  return power(session, id, 'os-start', (server) => stateOf(server) === 'active', signal);
}

/** Fine when it is off, gone, or was never launched. */
export function stopServer(session: OpenStackSession, id: string, signal: AbortSignal): Promise<void> {
  return power(session, id, 'os-stop', isQuiet, signal);
}

/**
 * Stops and locks it, so that nobody but an administrator, or whoever unlocks it first, starts it. Done twice it is
 * done; a server that is gone needs no parking. It keeps its marker, and `remove` unlocks it.
 */
export async function parkServer(
  session: OpenStackSession,
  id: string,
  reason: string,
  signal: AbortSignal,
): Promise<void> {
  // Somebody may start it between our stop and our lock; after the lock nobody does.
  for (let attempt = 1; ; attempt += 1) {
    const server = await getServer(session, id, signal);
    if (!server) return;
    // Even its owner cannot stop what is locked (check_instance_lock in Nova's compute API).
    if (server.locked && !isQuiet(server)) await unlockServer(session, id, signal);
    await stopServer(session, id, signal);
    try {
      await lockServer(session, id, reason, signal);
    } catch (error) {
      if (!isStatus(error, 404) && !(isLost(error) && attempt < ATTEMPTS)) throw error;
    }
    const now = await getServer(session, id, signal);
    if (!now || (isQuiet(now) && now.locked !== false)) return;
    if (attempt >= ATTEMPTS)
      throw new GutsError('destination_fault', `server ${id} does not stay stopped and locked`, {
        remedy: 'Something else starts or unlocks it: see its list of actions in Nova.',
      });
  }
}
