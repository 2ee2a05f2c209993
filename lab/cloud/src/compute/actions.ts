/** `POST /servers/:id/action`. */
import { badRequest, conflict, notFound, policyRefused } from '../http/api-error.ts';
import { integerIn, isObject, objectIn, textIn, type JsonObject } from '../http/json.ts';
import type { Call, Reply } from '../http/service.ts';
import { isAdmin } from '../identity/state.ts';
import type { World } from '../world.ts';
import { reboot, start, stop } from './lifecycle.ts';
import type { Server } from './state.ts';

type Action = (world: World, server: Server, body: JsonObject, call: Call) => Reply;

/** Only administrators change what is locked (Nova's `check_instance_lock`). */
export function refuseLocked(server: Server, call: Call): void {
  if (server.lock && !isAdmin(call.token)) throw conflict(`Instance ${server.id} is locked`);
}

/** Actions that a lock does not forbid. */
const UNGUARDED = ['lock', 'unlock', 'os-getConsoleOutput'];

function refuseUnless(server: Server, action: string, states: readonly string[]): void {
  if (server.taskState !== null)
    throw conflict(`Cannot '${action}' instance ${server.id} while it is in task_state ${server.taskState}`);
  if (!states.includes(server.status))
    throw conflict(`Cannot '${action}' instance ${server.id} while it is in vm_state ${server.vmState}`);
}

const ACTIONS: Readonly<Record<string, Action>> = {
  'os-stop': (world, server) => {
    refuseUnless(server, 'stop', ['ACTIVE']);
    stop(world, server);
    return { status: 202 };
  },
  'os-start': (world, server) => {
    refuseUnless(server, 'start', ['SHUTOFF']);
    server.taskState = 'powering-on';
    start(world, server);
    return { status: 202 };
  },
  reboot: (world, server, body) => {
    const kind = textIn(objectIn(body, 'reboot'), 'type')?.toUpperCase();
    if (kind !== 'SOFT' && kind !== 'HARD')
      throw badRequest("Argument 'type' for reboot is not HARD or SOFT");
    refuseUnless(server, 'reboot', kind === 'HARD' ? ['ACTIVE', 'SHUTOFF'] : ['ACTIVE']);
    reboot(world, server, kind);
    return { status: 202 };
  },
  lock: (_world, server, body, call) => {
    const wanted = body['lock'];
    if (isObject(wanted) && call.minor < 73) throw badRequest('Additional properties are not allowed');
    const reason = isObject(wanted) ? (textIn(wanted, 'locked_reason') ?? null) : null;
    if (!server.lock) server.lock = { by: isAdmin(call.token) ? 'admin' : 'owner', reason };
    return { status: 202 };
  },
  unlock: (_world, server, _body, call) => {
    if (server.lock?.by === 'admin' && !isAdmin(call.token))
      throw policyRefused('os_compute_api:os-lock-server:unlock:unlock_override');
    server.lock = undefined;
    return { status: 202 };
  },
  'os-getConsoleOutput': (_world, server, body) => {
    if (server.status !== 'ACTIVE') throw notFound('Guest does not have a console available.');
    const length = integerIn(objectIn(body, 'os-getConsoleOutput'), 'length') ?? -1;
    const lines = server.console.split('\n');
    const output = (length < 0 ? lines : lines.slice(lines.length - Math.min(length, lines.length))).join(
      '\n',
    );
    return { status: 200, json: { output } };
  },
};

export async function act(world: World, call: Call, server: Server): Promise<Reply> {
  const body = await call.json();
  const [name = ''] = isObject(body) ? Object.keys(body) : [];
  const action = ACTIONS[name];
  if (!isObject(body) || !action) throw badRequest(`There is no such action: ${name}`);
  if (!UNGUARDED.includes(name)) refuseLocked(server, call);
  return action(world, server, body, call);
}
