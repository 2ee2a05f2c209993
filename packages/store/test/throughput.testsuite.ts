import { type Lease, type Store, THROUGHPUT_KEPT_MS, THROUGHPUT_PIECE_MS } from '@guts/core';
import { Kysely } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStore } from '../src/index.ts';
import { openDatabase } from '../src/open.ts';
import type { Tables } from '../src/schema/tables.ts';
import { disk, event, migration, reserve } from './fixtures.ts';

const PIECE = THROUGHPUT_PIECE_MS;
const GIB = 2 ** 30;

/** What moved, by the pieces of time in which it did. @param fresh the URL of an empty database */
export function throughputSuite(fresh: () => Promise<string>): void {
  let store: Store;
  let rows: Kysely<Tables>;
  beforeEach(async () => {
    const url = await fresh();
    store = await openStore({ url });
    await store.upgrade();
    rows = new Kysely<Tables>({ dialect: (await openDatabase({ url })).dialect });
  });
  afterEach(async () => {
    await rows.destroy();
    await store.close();
  });

  async function leased(id: string, projectId = 'p1'): Promise<Lease> {
    await store.createMigration(migration(id, { projectId }), { ...event(id), projectId });
    await store.heartbeat({
      id: 'w1',
      binary: 'guts-migration',
      host: 'h',
      version: '0',
      slots: 9,
      scratchBytes: null,
      bytesPerSecond: null,
      drivers: [],
    });
    await reserve(store, id, 'w1');
    const held = await store.acquireLease(id, 'w1', 60);
    if (!held) throw new Error(`${id} is not to be had`);
    return held.lease;
  }
  const put = (lease: Lease, ...read: number[]): Promise<void> =>
    store.putDisks(
      lease,
      read.map((bytesRead, index) => disk(lease.migrationId, { diskKey: `d${index}`, bytesRead })),
    );
  const ALL = { since: 0, until: Number.MAX_SAFE_INTEGER, pieceMs: PIECE };
  const total = async (migrationId: string): Promise<number> =>
    (await store.listThroughput({ projectId: 'p1' }, { ...ALL, migrationId })).reduce(
      (sum, { bytes }) => sum + bytes,
      0,
    );
  /** Rows as they lie there, written by nobody of ours. */
  const fill = (...all: readonly (readonly [id: string, project: string, at: number, bytes: number])[]) =>
    rows
      .insertInto('throughput')
      .values(all.map(([migration_id, project_id, at, bytes]) => ({ migration_id, project_id, at, bytes })))
      .execute();

  test('what was read is counted, of all disks, also beyond 32 bits', async () => {
    const lease = await leased('m1');
    await put(lease, 0, 0);
    expect(await store.listThroughput({ projectId: 'p1' }, ALL)).toEqual([]);
    await put(lease, 5 * GIB, 0);
    await put(lease, 5 * GIB, 7 * GIB);
    await put(lease, 6 * GIB, 8 * GIB);
    expect(await total('m1')).toBe(14 * GIB);
    const pieces = await store.listThroughput({ projectId: 'p1' }, ALL);
    expect(pieces.every(({ at }) => at % PIECE === 0 && Math.abs(at - Date.now()) < 60_000)).toBe(true);
    expect(pieces.length).toBeLessThan(3);
  });

  test('holes, what a resumed copy has already, and a verification are not what moved', async () => {
    const lease = await leased('m1');
    await store.putDisks(lease, [disk('m1', { bytesDone: 40 * GIB, bytesRead: 10 })]);
    await store.putDisks(lease, [disk('m1', { bytesDone: 50 * GIB, bytesRead: 10, state: 'verifying' })]);
    expect(await total('m1')).toBe(10);
  });

  test('a copy that begins anew counts from 0: what it tells was read again', async () => {
    const lease = await leased('m1');
    await put(lease, 100);
    await put(lease, 0);
    await put(lease, 30);
    await put(lease, 20);
    expect(await total('m1')).toBe(100 + 30 + 20);
  });

  test('what a lost lease tells is not counted', async () => {
    const lease = await leased('m1');
    await put(lease, 100);
    await expect(put({ ...lease, epoch: lease.epoch + 1 }, 500)).rejects.toMatchObject({
      code: 'lease_lost',
    });
    expect(await total('m1')).toBe(100);
  });

  test('longer pieces hold what the short ones in them held; of one project, and of all', async () => {
    const at = 1_000 * 5 * PIECE;
    await fill(
      ['a', 'p1', at, 1],
      ['a', 'p1', at + 4 * PIECE, 2],
      ['b', 'p1', at + 4 * PIECE, 4],
      ['c', 'p2', at + 4 * PIECE, 8],
      ['a', 'p1', at + 5 * PIECE, 16],
      ['a', 'p1', at + 10 * PIECE, 32],
    );
    // From the middle of a piece, which is told whole, to the end of another.
    const range = { since: at + PIECE, until: at + 10 * PIECE, pieceMs: 5 * PIECE };
    expect(await store.listThroughput({ projectId: 'p1' }, range)).toEqual([
      { at, bytes: 7 },
      { at: at + 5 * PIECE, bytes: 16 },
    ]);
    expect(await store.listThroughput({ projectId: null }, range)).toEqual([
      { at, bytes: 15 },
      { at: at + 5 * PIECE, bytes: 16 },
    ]);
    expect(await store.listThroughput({ projectId: 'p1' }, { ...range, migrationId: 'b' })).toEqual([
      { at, bytes: 4 },
    ]);
    expect(await store.listThroughput({ projectId: 'p2' }, { ...range, migrationId: 'b' })).toEqual([]);
  });

  test('what is too old goes when something new is written, an hour of it at a time', async () => {
    const hour = 60 * 60 * 1000;
    const now = Date.now();
    const edge = now - (now % PIECE) - THROUGHPUT_KEPT_MS;
    await fill(
      ['old', 'p1', edge - 5 * hour, 1],
      ['old', 'p1', edge - 5 * hour + PIECE, 1],
      ['old', 'p1', edge - 2 * hour, 1],
      ['old', 'p1', edge + hour, 1],
    );
    const left = async (): Promise<number[]> =>
      (await store.listThroughput({ projectId: 'p1' }, { ...ALL, migrationId: 'old' })).map(({ at }) => at);
    await put(await leased('m1'), 1);
    expect(await left()).toEqual([edge - 2 * hour, edge + hour]);
    await put(await leased('m2'), 1);
    expect(await left()).toEqual([edge + hour]);
    await put(await leased('m3'), 1);
    expect(await left()).toEqual([edge + hour]);
  });

  test('many migrations that move at once hinder each other in nothing', async () => {
    const leases: Lease[] = [];
    for (let n = 0; n < 8; n += 1) leases.push(await leased(`m${n}`));
    await fill(['old', 'p1', 20_000, 1], ['old', 'p1', 40_000, 1]);
    await Promise.all(
      leases.map(async (lease) => {
        for (let read = 1; read <= 20; read += 1) await put(lease, read);
      }),
    );
    for (const { migrationId } of leases) expect(await total(migrationId)).toBe(20);
  });
}
