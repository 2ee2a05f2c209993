import { join } from 'node:path';
import { type ApiClient, ApiCallError, made, type NewMigration, routes } from '@guts/contract';
import { writeGuestDisk } from '../../demo/src/guests.ts';
import type { Lane } from './lane.ts';
import { NOTES } from './stack.ts';

const MIB = 2 ** 20;

/** What must be true in the end, whatever was killed. */
export interface Expected {
  readonly status: string;
  readonly source: 'on' | 'off';
  /** `parked`: there, stopped and locked. */
  readonly target: 'running' | 'parked' | 'none';
  /** The source's notes tell of the migration. */
  readonly marked?: boolean;
}

/** One thing that people do, cut into what comes before and what is done while something dies. */
export interface Scenario {
  readonly name: string;
  readonly body: Partial<NewMigration>;
  /** The status that the surviving worker first brings it to, undisturbed; null: the act is the creation. */
  readonly before: string | null;
  /** Asked for while the victim lives; undefined: the creation. */
  readonly act?: Record<string, unknown>;
  /**
   * The act is asked for in the middle of a transfer, whose reading is slow, once these kinds of artifacts are made:
   * one for each disk.
   */
  readonly during?: readonly string[];
  /** Makes it come to `before`; what it gives takes it away, before the act. */
  readonly hindrance?: (lane: Lane) => () => void;
  /** The source is refreshed first, while the victim lives. */
  readonly refreshes?: boolean;
  readonly expected: Expected;
}

const volumes: Partial<NewMigration> = { transport: 'datastore', boot_from: 'volume' };
const proven = (id: string) => ({
  verify_boot: 'require' as const,
  boot_pattern: `id=${id}`,
  boot_seconds: 20,
});

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'volumes',
    body: volumes,
    before: null,
    expected: { status: 'completed', source: 'off', target: 'running' },
  },
  {
    name: 'image',
    body: { transport: 'lease', boot_from: 'image' },
    before: null,
    refreshes: true,
    expected: { status: 'completed', source: 'off', target: 'running' },
  },
  {
    name: 'auto-commit',
    body: { transport: 'datastore', boot_from: 'image', policies: { commit: 'auto' } },
    before: null,
    expected: { status: 'committed', source: 'off', target: 'running', marked: true },
  },
  {
    name: 'failure-undone',
    body: { ...volumes, policies: { on_failure: 'undo', boot_pattern: 'never shown', boot_seconds: 1 } },
    before: null,
    expected: { status: 'failed', source: 'on', target: 'none' },
  },
  {
    name: 'cancel',
    body: { ...volumes, policies: { on_failure: 'keep', boot_pattern: 'never shown', boot_seconds: 1 } },
    before: 'failed',
    act: { action: 'cancel' },
    expected: { status: 'cancelled', source: 'on', target: 'none' },
  },
  {
    name: 'retry',
    body: { ...volumes, policies: { on_failure: 'keep' } },
    before: 'failed',
    act: { action: 'retry' },
    hindrance: ({ stack }) =>
      stack.cloud.faults.add({
        service: 'compute',
        method: 'POST',
        path: /\/servers$/,
        kind: 'status',
        status: 403,
        times: Infinity,
      }),
    expected: { status: 'completed', source: 'off', target: 'running' },
  },
  {
    name: 'cancel-running',
    body: volumes,
    before: null,
    act: { action: 'cancel' },
    during: ['attachment', 'attachment'],
    expected: { status: 'cancelled', source: 'on', target: 'none' },
  },
  {
    name: 'cancel-upload',
    body: { transport: 'lease', boot_from: 'image' },
    before: null,
    act: { action: 'cancel' },
    during: ['image', 'attachment'],
    expected: { status: 'cancelled', source: 'on', target: 'none' },
  },
  {
    name: 'revert-park',
    body: { transport: 'lease', boot_from: 'image' },
    before: 'completed',
    act: { action: 'revert', confirm: true, target: 'park' },
    expected: { status: 'reverted', source: 'on', target: 'parked' },
  },
  {
    name: 'revert-remove',
    body: volumes,
    before: 'completed',
    act: { action: 'revert', confirm: true, target: 'remove' },
    expected: { status: 'reverted', source: 'on', target: 'none' },
  },
  {
    name: 'commit',
    body: volumes,
    before: 'completed',
    act: { action: 'commit' },
    expected: { status: 'committed', source: 'off', target: 'running', marked: true },
  },
];

/** A machine of its own for a run: a boot disk, and a second one with holes. */
export async function addMachine(lane: Lane, { during }: Scenario): Promise<string> {
  const { name, mac } = lane.stack.newMachine();
  const disks = [];
  for (const [index, sizeMiB] of [8, 4].entries()) {
    const file = join(lane.stack.folder, `${name}-${index}.raw`);
    const guest = index === 0 ? { id: name, firmware: 'bios' as const } : null;
    await writeGuestDisk(file, { sizeMiB, dataMiB: 2, guest });
    disks.push({ sizeBytes: sizeMiB * MIB, source: { file }, controller: 'pvscsi' as const, thin: true });
  }
  await lane.stack.vcenter.addMachine({
    name,
    cpus: 1,
    memoryMiB: 256,
    guestId: 'debian12_64Guest',
    powerState: 'poweredOn',
    toolsRunning: true,
    annotation: NOTES,
    disks,
    nics: [{ mac, network: 'VM Network' }],
  });
  // Slow enough that it is in the middle of it whenever the act is asked for.
  if (during)
    for (const path of ['/folder', '/nfc'])
      lane.stack.vcenter.faults.add({ kind: 'rate', bytesPerSecond: 64 * 1024, path });
  await lane.stack.refresh(lane.client);
  return name;
}

/** Whatever became of the run. */
export async function removeMachine(lane: Lane, name: string): Promise<void> {
  const { vcenter } = lane.stack;
  vcenter.faults.clear();
  await vcenter.removeMachine(name).catch(() => undefined); // a wrong end may hold it: it was told
}

/** Does what the scenario is about. @param id of what was prepared. @returns the migration's */
export async function perform(
  lane: Lane,
  client: ApiClient,
  scenario: Scenario,
  name: string,
  id: string | null,
): Promise<string> {
  if (scenario.refreshes === true) await again(lane, client, (api) => lane.stack.refresh(api));
  if (id === null) {
    const created = await create(lane, client, scenario, name);
    const { during } = scenario;
    if (during === undefined) return created;
    await lane.stack.until(`${name} is in the middle of it`, () => isCopying(lane, created, during));
    await act(lane, client, scenario, created);
    return created;
  }
  await act(lane, client, scenario, id);
  return id;
}

/** Whether everything is being copied, or it is too late for that. */
async function isCopying(lane: Lane, id: string, made: readonly string[]): Promise<boolean> {
  if (!GOING.has((await lane.migration(id)).status)) return true;
  const { artifacts } = await lane.client.call(routes.migrations.artifacts, { params: { id } });
  const live = artifacts.filter((one) => one.status === 'created').map((one): string => one.kind);
  return made.every((kind) => {
    const at = live.indexOf(kind);
    if (at >= 0) live.splice(at, 1);
    return at >= 0;
  });
}

const GOING = new Set(['queued', 'scheduled', 'running']);

/**
 * Asks for the migration as a careful client does: what was not answered is looked up before it is asked again.
 */
export async function create(
  lane: Lane,
  client: ApiClient,
  scenario: Scenario,
  name: string,
): Promise<string> {
  const policies = { ...proven(name), ...scenario.body.policies };
  const body: NewMigration = {
    mapping: { networks: { '*': { network: 'private' } } },
    ...scenario.body,
    policies,
    source: 'vcenter',
    destination: 'cloud',
    instance: name,
    name,
  };
  return again(lane, client, async (api) => {
    const { migrations } = await api.call(routes.migrations.list, { query: { name } });
    const [found] = migrations;
    if (found) return found.id;
    return made(await api.call(routes.migrations.create, { body })).id;
  });
}

/** Asks for the scenario's action; that it is under way or done already is no error. */
async function act(lane: Lane, client: ApiClient, scenario: Scenario, id: string): Promise<void> {
  const { before, act: body } = scenario;
  if (!body) return;
  await again(lane, client, async (api) => {
    const { migration } = await api.call(routes.migrations.show, { params: { id } });
    if (before === null ? !GOING.has(migration.status) : migration.status !== before) return;
    await api.call(routes.migrations.act, { params: { id }, body: body as never });
  });
}

/** What an api says that cannot answer, or what is said of one that does not. */
const AWAY = new Set(['unreachable', 'database_unavailable']);

/** Through the api that may die first, then through the lane's own. */
async function again<T>(lane: Lane, first: ApiClient, ask: (api: ApiClient) => Promise<T>): Promise<T> {
  try {
    return await ask(first);
  } catch (error) {
    if (!(error instanceof ApiCallError && AWAY.has(error.code))) throw error;
  }
  const { done } = await lane.stack.until('the api takes the request', async () => ({
    done: await ask(lane.client),
  }));
  return done;
}
