import { type Bus, type BusMessage, type Clock, GutsError, type Log, type Topic } from '@guts/core';
import { deliver } from './redeliver.ts';

interface Listener {
  readonly topics: ReadonlySet<Topic>;
  readonly group: string | null;
  readonly handler: (message: BusMessage) => void | Promise<void>;
}

/**
 * The in-process bus: messages reach whoever listens in this process, after the caller's turn. What nobody listens
 * to is forgotten: the database has it.
 */
export function createLocalBus(parts: { readonly clock: Clock; readonly log: Log }): Bus {
  const { clock, log } = parts;
  const listeners = new Set<Listener>();
  const turns = new Map<string, number>();
  const closing = new AbortController();
  const since = new Date(clock.now()).toISOString();
  let dead = 0;

  const hand = async ({ handler }: Listener, message: BusMessage): Promise<void> => {
    try {
      if (!(await deliver(message, handler, { clock, log, signal: closing.signal }))) dead += 1;
    } catch {
      return; // closed between two deliveries
    }
  };
  const give = (listener: Listener, message: BusMessage): void => {
    setImmediate(() => {
      if (!listeners.has(listener) || closing.signal.aborted) return;
      void hand(listener, message);
    });
  };
  const closed = (): GutsError => new GutsError('bus_unavailable', 'the bus is closed');

  return {
    publish(message) {
      if (closing.signal.aborted) return Promise.reject(closed());
      const groups = new Map<string, Listener[]>();
      for (const listener of listeners) {
        if (!listener.topics.has(message.topic)) continue;
        if (listener.group === null) give(listener, message);
        else groups.set(listener.group, [...(groups.get(listener.group) ?? []), listener]);
      }
      for (const [group, members] of groups) {
        const turn = turns.get(group) ?? 0;
        turns.set(group, turn + 1);
        const one = members[turn % members.length];
        if (one) give(one, message);
      }
      return Promise.resolve();
    },
    subscribe(topics, { group }, handler) {
      if (closing.signal.aborted) return Promise.reject(closed());
      const listener: Listener = { topics: new Set(topics), group, handler };
      listeners.add(listener);
      return Promise.resolve(() => {
        listeners.delete(listener);
        return Promise.resolve();
      });
    },
    health: () => ({ kind: 'in-process', connected: true, since, detail: null }),
    deadLetters: () => Promise.resolve(closing.signal.aborted ? null : dead),
    close() {
      closing.abort();
      listeners.clear();
      return Promise.resolve();
    },
  };
}
