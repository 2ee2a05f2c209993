import { type ApiClient, type Migration, routes } from '@guts/contract';
import { join } from 'node:path';
import type { Daemon } from './daemon.ts';
import { LaneServers, type Servers } from './servers.ts';
import { Stack } from './stack.ts';

/** Seconds. Short, so that a run does not wait long for a take-over; long enough for a busy machine. */
export const LEASE_SECONDS = 5;

export type Backend = 'embedded' | 'servers';

/**
 * A stack in which runs follow each other: its api, its scheduler and its surviving worker live through all runs;
 * a run adds its victim.
 */
export class Lane {
  readonly stack: Stack;
  /** The lane's own api, which no run kills. */
  readonly client: ApiClient;
  scheduler: Daemon;
  /** Null: SQLite, and a bus in each process. */
  readonly servers: LaneServers | null;
  readonly #survivorId: string;

  private constructor(
    stack: Stack,
    servers: LaneServers | null,
    client: ApiClient,
    scheduler: Daemon,
    survivorId: string,
  ) {
    this.stack = stack;
    this.servers = servers;
    this.client = client;
    this.scheduler = scheduler;
    this.#survivorId = survivorId;
  }

  /** @param own null: the embedded backend; otherwise its servers, the name of its database and its vhost */
  static async open(
    folder: string,
    own: { readonly servers: Servers; readonly database: string; readonly slot: number } | null,
  ): Promise<Lane> {
    const servers = own
      ? await LaneServers.open(own.servers, own.database, own.slot, join(folder, 'state'))
      : null;
    const stack = await Stack.open(folder, {
      GUTS_POLL_MILLISECONDS: '150',
      GUTS_LEASE_SECONDS: String(LEASE_SECONDS),
      GUTS_ALIVE_SECONDS: '6',
      GUTS_RESERVATION_SECONDS: '5',
      GUTS_CHECKPOINT_MIB: '1',
      GUTS_STOP_SECONDS: '10',
      ...servers?.straight,
    });
    try {
      return await Lane.#fill(stack, servers);
    } catch (error) {
      await stack.close();
      await servers?.close();
      throw error;
    }
  }

  static async #fill(stack: Stack, servers: LaneServers | null): Promise<Lane> {
    const { client } = await stack.startApi('api');
    const scheduler = stack.start('scheduler', 'scheduler');
    stack.start('migration', 'survivor');
    const survivorId = await stack.until('the survivor reports', async () => {
      const { services } = await client.call(routes.services.list);
      return services.find((one) => one.host === 'survivor' && one.alive)?.id;
    });
    // The drivers are known once a worker has told of them.
    await stack.connect(client);
    return new Lane(stack, servers, client, scheduler, survivorId);
  }

  get backend(): Backend {
    return this.servers ? 'servers' : 'embedded';
  }

  async close(): Promise<void> {
    await this.stack.close();
    await this.servers?.close();
  }

  startScheduler(): void {
    this.scheduler = this.stack.start('scheduler', 'scheduler');
  }

  /** Whether the surviving worker gets work. */
  async useSurvivor(use: boolean): Promise<void> {
    const body = use ? { disabled: false } : { disabled: true, reason: 'its turn comes after the victim' };
    await this.client.call(routes.services.update, { params: { id: this.#survivorId }, body });
  }

  async migration(id: string): Promise<Migration> {
    return (await this.client.call(routes.migrations.show, { params: { id } })).migration;
  }
}
