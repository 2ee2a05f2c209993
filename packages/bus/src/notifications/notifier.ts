import {
  type Clock,
  type CursorStore,
  type EventStore,
  isNotified,
  type Log,
  type MigrationStore,
  notificationOf,
} from '@guts/core';
import { Pump } from '../pump.ts';
import type { NotificationPublisher } from './oslo-publisher.ts';

export interface NotifierParts {
  readonly store: CursorStore & Pick<EventStore, 'listEvents'> & Pick<MigrationStore, 'getMigration'>;
  readonly publisher: Pick<NotificationPublisher, 'publish'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Names this process among those that notify. */
  readonly owner: string;
  readonly pollMilliseconds: number;
}

const CURSOR = 'notifications';
const BATCH = 100;
/** After so many that were sent the cursor is moved: at most so many come again after a kill. */
const MOVE_EVERY = 20;
const HOLD_SECONDS = 30;
/** Nothing is sent so shortly before the hold passes, for sending takes up to ten seconds; milliseconds. */
const MARGIN_MS = 15_000;
const SCOPE = { projectId: null } as const;

/**
 * Tells other services of migrations, from the events that were written with each change: at least once, in their
 * order. Who holds the cursor sends; it is moved once the broker has confirmed, so that after a kill, or while the
 * broker is away, nothing is left out. What is sent again has the same id.
 */
export class Notifier {
  readonly #parts: NotifierParts;
  readonly #pump: Pump;

  constructor(parts: NotifierParts) {
    this.#parts = parts;
    const { clock, log, pollMilliseconds } = parts;
    this.#pump = new Pump({
      clock,
      log,
      pollMilliseconds,
      work: (signal) => this.#send(signal),
      complaint: 'notifications wait',
    });
  }

  start(): void {
    this.#pump.start();
  }

  /** Lets another one go on at once. */
  async stop(): Promise<void> {
    await this.#pump.stop();
    const { store, owner, log } = this.#parts;
    // With the database away the hold passes by itself.
    await store
      .releaseCursor(CURSOR, owner)
      .catch((error: unknown) =>
        log.debug({ err: error }, 'the cursor of notifications is kept until it passes'),
      );
  }

  /** True when there may be more. */
  async #send(signal: AbortSignal): Promise<boolean> {
    const { store, publisher, clock, owner } = this.#parts;
    const until = clock.monotonic() + HOLD_SECONDS * 1000 - MARGIN_MS;
    const from = await store.holdCursor(CURSOR, owner, HOLD_SECONDS);
    if (from === null) return false;
    const events = await store.listEvents(SCOPE, { after: from, limit: BATCH });
    let read = from;
    let moved = from;
    let sent = 0;
    const move = async (): Promise<boolean> => {
      if (read === moved) return true;
      moved = read;
      return store.moveCursor(CURSOR, owner, read);
    };
    try {
      for (const event of events) {
        if (signal.aborted || clock.monotonic() > until) return !signal.aborted;
        const migration = isNotified(event) ? await store.getMigration(event.resourceId, SCOPE) : null;
        const notification = migration && notificationOf(event, migration);
        if (notification) {
          await publisher.publish(notification);
          sent += 1;
        }
        read = event.sequence;
        if (notification && sent % MOVE_EVERY === 0 && !(await move())) return false;
      }
    } finally {
      await move();
    }
    return events.length === BATCH;
  }
}
