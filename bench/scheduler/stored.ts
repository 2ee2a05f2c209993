import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decide, type Decision, type Limits, type SchedulingView, type Store } from '@guts/core';
import { openStore } from '@guts/store';
import { madeEvent, newMigration } from '../new-migration.ts';

const PROJECT = 'project';
/** Nothing passes while this measures; seconds. */
const FOR_EVER = 10 * 24 * 3600;
const ROUND = { aliveSeconds: FOR_EVER, reservationSeconds: FOR_EVER, limit: 20_000 };

/** What rounds took; milliseconds. */
export interface RoundTimes {
  /** To decide, with everything read already. */
  readonly decision: readonly number[];
  /** With its reads and writes. */
  readonly whole: readonly number[];
}

export interface StoredTimes {
  /** All workers are idle; nothing is written, so that each round finds the same. */
  readonly idle: RoundTimes;
  /** All slots are taken; as the scheduler runs it. */
  readonly busy: RoundTimes;
}

async function fill(store: Store, view: SchedulingView): Promise<void> {
  const sides = { source: 'vsphere', destination: 'openstack' } as const;
  for (const side of ['source', 'destination'] as const)
    await store.createEndpoint(
      { id: side, projectId: PROJECT, side, name: side, driver: sides[side], settings: {}, sealedSecret: '' },
      madeEvent(side, side, PROJECT),
    );
  for (const { id, binary, host, version, slots, scratchBytes, bytesPerSecond, drivers } of view.workers)
    await store.heartbeat({ id, binary, host, version, slots, scratchBytes, bytesPerSecond, drivers });
  for (const { id, planId, priority, demand } of view.waiting)
    await store.createMigration(
      newMigration({
        id,
        projectId: PROJECT,
        planId,
        sourceId: 'source',
        destinationId: 'destination',
        priority,
        demand,
      }),
      madeEvent('migration', id, PROJECT),
    );
}

/** Rounds over what lies in a SQLite database, as a scheduler of the embedded daemon finds it. */
export async function storedRounds(
  view: SchedulingView,
  limits: Limits,
  rounds: number,
): Promise<StoredTimes> {
  const directory = await mkdtemp(join(tmpdir(), 'guts-bench-scheduler-'));
  const store = await openStore({ url: `sqlite://${join(directory, 'guts.db')}` });
  try {
    await store.upgrade();
    await fill(store, view);
    const measure = async (keep: (made: readonly Decision[]) => readonly Decision[]): Promise<RoundTimes> => {
      const decision: number[] = [];
      const whole: number[] = [];
      for (let n = 0; n < rounds; n += 1) {
        const began = performance.now();
        await store.scheduleRound(ROUND, (now) => {
          const read = performance.now();
          const made = decide(now, limits);
          decision.push(performance.now() - read);
          return keep(made);
        });
        whole.push(performance.now() - began);
      }
      return { decision, whole };
    };
    const idle = await measure(() => []);
    await store.scheduleRound(ROUND, (now) => decide(now, limits));
    return { idle, busy: await measure((made) => made) };
  } finally {
    await store.close();
    await rm(directory, { recursive: true });
  }
}
