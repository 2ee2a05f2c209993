import type { Bus, BusMessage, Topic } from '@guts/core';

type Handler = (message: BusMessage) => void;

/** The in-process bus: messages reach whoever listens in this process, after the caller's turn. */
export function createLocalBus(): Bus {
  const handlers = new Map<Topic, Set<Handler>>();
  let closed = false;
  return {
    publish(message) {
      if (closed) return Promise.reject(new Error('the bus is closed'));
      for (const handler of handlers.get(message.topic) ?? [])
        setImmediate(() => {
          if (handlers.get(message.topic)?.has(handler)) handler(message);
        });
      return Promise.resolve();
    },
    subscribe(topics, handler) {
      if (closed) return Promise.reject(new Error('the bus is closed'));
      // A wrapper of its own, so that the same function may listen twice.
      const own: Handler = (message) => handler(message);
      for (const topic of topics) {
        const set = handlers.get(topic) ?? new Set();
        handlers.set(topic, set.add(own));
      }
      return Promise.resolve(() => {
        for (const topic of topics) handlers.get(topic)?.delete(own);
        return Promise.resolve();
      });
    },
    close() {
      closed = true;
      handlers.clear();
      return Promise.resolve();
    },
  };
}
