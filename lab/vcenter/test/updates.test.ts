import { afterEach, expect, test } from 'vitest';
import { startVCenter, type VCenter, type VCenterOptions } from '../src/index.ts';
import { child, childrenOf, type Node } from '../src/soap/parse.ts';
import { Soap } from './client.ts';

let vc: VCenter;
afterEach(async () => vc.close());

async function start(options: VCenterOptions): Promise<Soap> {
  vc = await startVCenter(options);
  return Soap.login(vc);
}

/** The recursive selection that govmomi sends: traversals that name each other. */
const FOLDERS =
  '<selectSet xsi:type="TraversalSpec"><name>folder</name><type>Folder</type><path>childEntity</path><skip>false</skip>' +
  '<selectSet><name>folder</name></selectSet><selectSet><name>dcVm</name></selectSet></selectSet>' +
  '<selectSet xsi:type="TraversalSpec"><name>dcVm</name><type>Datacenter</type><path>vmFolder</path><skip>false</skip>' +
  '<selectSet><name>folder</name></selectSet></selectSet>';

const FILTER =
  '<spec><propSet><type>VirtualMachine</type><pathSet>name</pathSet><pathSet>runtime.powerState</pathSet><pathSet>snapshot</pathSet></propSet>' +
  `<objectSet><obj type="Folder">group-d1</obj>${FOLDERS}</objectSet></spec><partialUpdates>false</partialUpdates>`;

interface Update {
  readonly kind: string;
  readonly id: string;
  readonly changes: Readonly<Record<string, string | undefined>>;
}

class Watch {
  readonly soap: Soap;
  readonly collector: string;
  version = '';

  constructor(soap: Soap, collector: string) {
    this.soap = soap;
    this.collector = collector;
  }

  static async open(soap: Soap): Promise<Watch> {
    const made = await soap.call('CreatePropertyCollector', 'PropertyCollector:propertyCollector');
    const collector = `PropertyCollector:${made.children[0]?.text ?? ''}`;
    await soap.call('CreateFilter', collector, FILTER);
    return new Watch(soap, collector);
  }

  async next(maxWaitSeconds: number): Promise<{ updates: Update[]; truncated: boolean } | undefined> {
    const answer = await this.soap.call(
      'WaitForUpdatesEx',
      this.collector,
      `<version>${this.version}</version><options><maxWaitSeconds>${maxWaitSeconds}</maxWaitSeconds></options>`,
    );
    const set = answer.children[0];
    if (set === undefined) return undefined;
    this.version = child(set, 'version')?.text ?? '';
    return {
      updates: childrenOf(child(set, 'filterSet'), 'objectSet').map(update),
      truncated: child(set, 'truncated')?.text === 'true',
    };
  }
}

function update(node: Node): Update {
  const changes: Record<string, string | undefined> = {};
  for (const change of childrenOf(node, 'changeSet')) {
    changes[child(change, 'name')?.text ?? ''] = child(change, 'val')?.text;
  }
  return { kind: child(node, 'kind')?.text ?? '', id: child(node, 'obj')?.text ?? '', changes };
}

test('the first set comes in pages, then only what changed', async () => {
  const soap = await start({ machines: [{ name: 'a' }, { name: 'b', folder: ['f'] }], extraMachines: 248 });
  const watch = await Watch.open(soap);
  const seen: string[] = [];
  const sizes: number[] = [];
  for (let more = true; more;) {
    const set = await watch.next(0);
    sizes.push(set?.updates.length ?? 0);
    for (const u of set?.updates ?? []) {
      expect(u.kind).toBe('enter');
      seen.push(u.changes['name'] ?? '');
    }
    more = set?.truncated ?? false;
  }
  expect(sizes).toEqual([100, 100, 50]);
  expect(new Set(seen).size).toBe(250);
  expect(await watch.next(0)).toBeUndefined();

  vc.machine('a').setPower('poweredOn');
  expect((await watch.next(0))?.updates).toEqual([
    { kind: 'modify', id: vc.machine('a').id, changes: { 'runtime.powerState': 'poweredOn' } },
  ]);
  const id = vc.machine('b').id;
  await vc.removeMachine('b');
  expect((await watch.next(0))?.updates).toEqual([{ kind: 'leave', id, changes: {} }]);
});

test('a waiting call is woken by a change; a property that goes away is told as unset', async () => {
  const soap = await start({ machines: [{ name: 'a' }] });
  const watch = await Watch.open(soap);
  await watch.next(0);
  const waiting = watch.next(30);
  await vc.addMachine({ name: 'late' });
  expect((await waiting)?.updates).toMatchObject([{ kind: 'enter', changes: { name: 'late' } }]);
  const vm = `VirtualMachine:${vc.machine('a').id}`;
  const info = await soap.task(
    'CreateSnapshot_Task',
    vm,
    '<name>s</name><memory>false</memory><quiesce>false</quiesce>',
  );
  expect(Object.keys((await watch.next(5))?.updates[0]?.changes ?? {})).toEqual(['snapshot']);
  await soap.task(
    'RemoveSnapshot_Task',
    `VirtualMachineSnapshot:${child(info, 'result')?.text ?? ''}`,
    '<removeChildren>true</removeChildren>',
  );
  expect((await watch.next(5))?.updates[0]?.changes).toEqual({ snapshot: undefined });
});

test('a lost answer can be asked for again; a version never given is refused', async () => {
  const soap = await start({ machines: [{ name: 'a' }] });
  const watch = await Watch.open(soap);
  await watch.next(0);
  const before = watch.version;
  vc.rename('a', 'renamed');
  const first = await watch.next(0);
  watch.version = before;
  expect(await watch.next(0)).toEqual(first);
  watch.version = '77';
  await expect(watch.next(0)).rejects.toMatchObject({ type: 'InvalidCollectorVersion' });
});

test('CancelWaitForUpdates ends a wait, and a destroyed collector is gone', async () => {
  const soap = await start({ machines: [{ name: 'a' }] });
  const watch = await Watch.open(soap);
  await watch.next(0);
  const other = new Soap(vc.url);
  other.cookie = soap.cookie;
  const [outcome] = await Promise.all([
    watch.next(60).catch((error: unknown) => error),
    cancelUntilHeard(other, watch),
  ]);
  expect(outcome).toMatchObject({ type: 'RequestCanceled' });
  await soap.call('DestroyPropertyCollector', watch.collector);
  await expect(watch.next(0)).rejects.toMatchObject({ type: 'ManagedObjectNotFound' });
});

/** The wait and its cancellation travel on different connections, so the first cancellation may come too early. */
async function cancelUntilHeard(soap: Soap, watch: Watch): Promise<void> {
  for (let n = 0; n < 10; n += 1) {
    await new Promise((resolve) => setTimeout(resolve, 30));
    await soap.call('CancelWaitForUpdates', watch.collector);
  }
}

test('a wait ends when its session does', async () => {
  const soap = await start({ machines: [{ name: 'a' }] });
  const watch = await Watch.open(soap);
  await watch.next(0);
  const outcome = watch.next(60).catch((error: unknown) => error);
  await new Promise((resolve) => setTimeout(resolve, 50));
  vc.expireSessions();
  expect(await outcome).toMatchObject({ type: 'NotAuthenticated' });
});

test('sessions do not see each other’s collectors and filters', async () => {
  const soap = await start({ machines: [{ name: 'a' }] });
  const watch = await Watch.open(soap);
  const stranger = await Soap.login(vc);
  await expect(new Watch(stranger, watch.collector).next(0)).rejects.toMatchObject({
    type: 'ManagedObjectNotFound',
  });
});

test('a filter on an unknown property is refused', async () => {
  const soap = await start({ machines: [{ name: 'a' }] });
  await expect(soap.read(`VirtualMachine:${vc.machine('a').id}`, ['colour'])).rejects.toMatchObject({
    type: 'InvalidProperty',
  });
});

test('an object that is missing is told once, when that was asked for; one that goes leaves first', async () => {
  const soap = await start({ machines: [{ name: 'a' }], hiddenProperties: ['VirtualMachine.guest.net'] });
  const id = vc.machine('a').id;
  const made = await soap.call('CreatePropertyCollector', 'PropertyCollector:propertyCollector');
  const collector = `PropertyCollector:${made.children[0]?.text ?? ''}`;
  const filter = (report: boolean, vm: string): string =>
    '<spec><propSet><type>VirtualMachine</type><pathSet>name</pathSet><pathSet>guest.net</pathSet></propSet>' +
    `<objectSet><obj type="VirtualMachine">${vm}</obj></objectSet>` +
    `<reportMissingObjectsInResults>${report}</reportMissingObjectsInResults></spec><partialUpdates>false</partialUpdates>`;
  await expect(soap.call('CreateFilter', collector, filter(false, 'vm-1'))).rejects.toMatchObject({
    type: 'ManagedObjectNotFound',
  });
  await soap.call('CreateFilter', collector, filter(true, id));
  let version = '';
  const next = async (): Promise<Node | undefined> => {
    const args = `<version>${version}</version><options><maxWaitSeconds>0</maxWaitSeconds></options>`;
    const [set] = (await soap.call('WaitForUpdatesEx', collector, args)).children;
    version = child(set, 'version')?.text ?? version;
    return child(set, 'filterSet');
  };
  const entered = childrenOf(await next(), 'objectSet')[0];
  expect(childrenOf(entered, 'missingSet').map((one) => child(one, 'path')?.text)).toEqual(['guest.net']);
  await vc.removeMachine('a');
  const left = await next();
  expect(child(child(left, 'objectSet'), 'kind')?.text).toBe('leave');
  expect(child(child(left, 'missingSet'), 'obj')?.text).toBe(id);
  expect(await next()).toBeUndefined();
});

test('an ended task is known for as long as the setting says', async () => {
  const soap = await start({ machines: [{ name: 'a' }], taskMemoryMs: 200 });
  const vm = `VirtualMachine:${vc.machine('a').id}`;
  const info = await soap.task('PowerOnVM_Task', vm);
  const task = `Task:${child(info, 'key')?.text ?? ''}`;
  await expect
    .poll(() => soap.read(task, ['info.state']).catch((error: unknown) => error))
    .toMatchObject({ type: 'ManagedObjectNotFound' });
});
