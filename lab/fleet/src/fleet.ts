import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ApiClient, made, routes } from '@guts/contract';
import { writeGuestDisk } from '../../demo/src/guests.ts';
import { check } from '../../kill/src/check.ts';
import type { Daemon } from '../../kill/src/daemon.ts';
import { NOTES, Stack } from '../../kill/src/stack.ts';

const MIB = 2 ** 20;

export interface FleetSize {
  readonly apis: number;
  readonly schedulers: number;
  readonly workers: number;
  /** Of each worker. */
  readonly slots: number;
}

export interface FleetResult {
  readonly seconds: number;
  /** Each names what is wrong. */
  readonly lost: readonly string[];
  /** Or left behind. */
  readonly doubled: readonly string[];
  readonly corrupt: readonly string[];
  /** Migrations of which a step was begun more than once: by another worker, or again after a passing failure. */
  readonly again: number;
}

type Daemons = Record<'api' | 'scheduler' | 'migration', Daemon[]>;

/** Many daemons on one database and one broker, between a fake vCenter and a fake cloud. */
export class Fleet {
  readonly stack: Stack;
  readonly clients: readonly ApiClient[];
  readonly #daemons: Daemons;

  private constructor(stack: Stack, clients: readonly ApiClient[], daemons: Daemons) {
    this.stack = stack;
    this.clients = clients;
    this.#daemons = daemons;
  }

  /** @param env database and bus that all daemons share */
  static async open(folder: string, env: NodeJS.ProcessEnv, size: FleetSize): Promise<Fleet> {
    const stack = await Stack.open(folder, {
      GUTS_POLL_MILLISECONDS: '1000',
      GUTS_LEASE_SECONDS: '6',
      GUTS_ALIVE_SECONDS: '9',
      GUTS_RESERVATION_SECONDS: '6',
      GUTS_SLOTS: String(size.slots),
      ...env,
    });
    const daemons: Daemons = { api: [], scheduler: [], migration: [] };
    const clients: ApiClient[] = [];
    for (let n = 0; n < size.apis; n += 1) {
      const { daemon, client } = await stack.startApi(`api-${n}`);
      daemons.api.push(daemon);
      clients.push(client);
    }
    const [client] = clients;
    if (!client) throw new Error('a fleet needs an api');
    for (let n = 0; n < size.schedulers; n += 1)
      daemons.scheduler.push(stack.start('scheduler', `scheduler-${n}`));
    for (let n = 0; n < size.workers; n += 1) daemons.migration.push(stack.start('migration', `worker-${n}`));
    await stack.until('all daemons report', async () => {
      const { services } = await client.call(routes.services.list);
      return services.filter((one) => one.alive).length >= size.apis + size.schedulers + size.workers;
    });
    await stack.connect(client);
    return new Fleet(stack, clients, daemons);
  }

  /** Kills one daemon of the kind, as a power cut does. */
  async killOne(kind: 'api' | 'scheduler' | 'migration'): Promise<string> {
    const daemon = this.#daemons[kind].shift();
    if (!daemon) throw new Error(`no ${kind} is left to kill`);
    await daemon.kill();
    return `${kind} ${daemon.pid}`;
  }

  /** Makes so many machines, each with bytes of its own. */
  async machines(count: number): Promise<readonly string[]> {
    const names: string[] = [];
    for (let n = 0; n < count; n += 1) {
      const { name, mac } = this.stack.newMachine();
      const file = join(this.stack.folder, `${name}.raw`);
      await writeGuestDisk(file, { sizeMiB: 2, dataMiB: 1, guest: { id: name, firmware: 'bios' } });
      await this.stack.vcenter.addMachine({
        name,
        cpus: 1,
        memoryMiB: 256,
        guestId: 'debian12_64Guest',
        powerState: 'poweredOn',
        toolsRunning: true,
        annotation: NOTES,
        disks: [{ sizeBytes: 2 * MIB, source: { file }, controller: 'pvscsi', thin: true }],
        nics: [{ mac, network: 'VM Network' }],
      });
      await rm(file);
      names.push(name);
    }
    await this.ask((client) => this.stack.refresh(client));
    return names;
  }

  /** Asks any api that answers; one may have been killed. */
  async ask<T>(call: (client: ApiClient) => Promise<T>): Promise<T> {
    const { answer } = await this.stack.until('an api answers', async () => {
      let failure: unknown;
      for (const client of this.clients) {
        try {
          return { answer: await call(client) };
        } catch (error) {
          failure = error;
        }
      }
      throw failure;
    });
    return answer;
  }

  async #create(name: string, turn: number): Promise<string> {
    const first = this.clients[turn % this.clients.length];
    const body = {
      source: 'vcenter',
      destination: 'cloud',
      instance: name,
      name,
      mapping: { networks: { '*': { network: 'private' } } },
      boot_from: 'volume' as const,
      policies: { verify_boot: 'require' as const, boot_pattern: `id=${name}`, boot_seconds: 60 },
    };
    try {
      if (first) return made(await first.call(routes.migrations.create, { body })).id;
    } catch {
      // That api may have died, before or after it wrote the migration: asked for below.
    }
    return this.ask(async (client) => {
      const { migrations } = await client.call(routes.migrations.list, { query: { name } });
      return migrations[0]?.id ?? made(await client.call(routes.migrations.create, { body })).id;
    });
  }

  /**
   * Moves machines and looks at both sides in the end.
   * @param during called when a part of them (0 to 1) has ended
   */
  async move(
    names: readonly string[],
    during: (share: number, say: (text: string) => void) => Promise<void>,
    say: (text: string) => void,
  ): Promise<FleetResult> {
    const began = performance.now();
    const ids = new Map<string, string>();
    const queue = [...names.entries()];
    const lane = async (): Promise<void> => {
      for (let next = queue.shift(); next; next = queue.shift())
        ids.set(next[1], await this.#create(next[1], next[0]));
    };
    await Promise.all([lane(), lane(), lane(), lane()]);
    say(`${ids.size} migrations are asked for`);
    let last = -1;
    await this.stack.until(
      'all have ended',
      async () => {
        const ended = await this.#ended(names.length);
        if (ended !== last) await during(ended / names.length, say);
        last = ended;
        return ended === names.length;
      },
      60 + names.length * 4,
    );
    const seconds = (performance.now() - began) / 1000;
    return { seconds, ...(await this.#check(ids)) };
  }

  async #ended(expected: number): Promise<number> {
    const { counts } = await this.ask(async (client) => ({ counts: await this.#byStatus(client) }));
    const ended = (counts.get('completed') ?? 0) + (counts.get('failed') ?? 0);
    return Math.min(ended, expected);
  }

  async #byStatus(client: ApiClient): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    let marker: string | undefined;
    for (;;) {
      const query = { limit: '500', status: 'completed,failed', ...(marker === undefined ? {} : { marker }) };
      const { migrations } = await client.call(routes.migrations.list, { query });
      for (const { status } of migrations) counts.set(status, (counts.get(status) ?? 0) + 1);
      marker = migrations.at(-1)?.id;
      if (migrations.length < 500 || marker === undefined) return counts;
    }
  }

  async #check(ids: ReadonlyMap<string, string>): Promise<Omit<FleetResult, 'seconds'>> {
    const lost: string[] = [];
    const doubled: string[] = [];
    const corrupt: string[] = [];
    let again = 0;
    const { stack } = this;
    for (const [name, id] of ids) {
      const expected = { status: 'completed', source: 'off', target: 'running' } as const;
      const wrongs = await this.ask((client) => check({ client, stack }, id, name, expected));
      lost.push(...wrongs.ends.map((wrong) => `${name}: ${wrong}`));
      doubled.push(...wrongs.leaks.map((wrong) => `${name}: ${wrong}`));
      corrupt.push(...wrongs.corrupt.map((wrong) => `${name}: ${wrong}`));
      const { steps } = await this.ask((client) => client.call(routes.migrations.steps, { params: { id } }));
      if (steps.some((step) => step.attempt > 1)) again += 1;
    }
    const { servers, volumes, images, ports, attachments } = stack.cloud.state();
    const held = new Set(servers.map((one) => one.id));
    for (const one of attachments)
      if (one.server === null || !held.has(one.server))
        doubled.push(`attachment ${one.id} of ${one.host} is left`);
    const counts = { servers, volumes, ports, attachments };
    for (const [kind, all] of Object.entries(counts))
      if (all.length !== ids.size) doubled.push(`there are ${all.length} ${kind} for ${ids.size} machines`);
    if (images.length > 0) doubled.push(`${images.length} images are left`);
    return { lost, doubled, corrupt, again };
  }
}
