import { setTimeout as sleep } from 'node:timers/promises';
import type { ObjectProperties } from '../collector.ts';
import type { VSphereSession } from '../session.ts';
import { follow } from '../updates.ts';
import type { ManagedRef, XmlElement } from '../xml/element.ts';
import { PATHS } from './records.ts';

export type InventoryChange =
  /** A new start: what was known before and does not come again until `parity` is gone. */
  | { readonly type: 'resync' }
  | { readonly type: 'changed'; readonly object: ObjectProperties }
  | { readonly type: 'gone'; readonly ref: ManagedRef }
  /** Everything that existed at the start has been told. */
  | { readonly type: 'parity' };

const RESYNC_PAUSE_MS = 5000;

/**
 * Follows the inventory for ever: everything first, then `parity`, then changes. Properties of an object come only
 * when they change; here each `changed` carries all that is known of it. After an error it starts anew.
 */
export async function* watchInventory(
  session: VSphereSession,
  options: {
    readonly signal: AbortSignal;
    readonly onError: (error: unknown) => void;
    readonly pauseMs?: number;
  },
): AsyncGenerator<InventoryChange, void> {
  const { signal, onError, pauseMs = RESYNC_PAUSE_MS } = options;
  while (!signal.aborted) {
    yield { type: 'resync' };
    try {
      yield* watchOnce(session, signal);
    } catch (error) {
      signal.throwIfAborted();
      onError(error);
      await sleep(pauseMs, undefined, { signal });
    }
  }
}

async function* watchOnce(
  session: VSphereSession,
  signal: AbortSignal,
): AsyncGenerator<InventoryChange, void> {
  const known = new Map<string, { ref: ManagedRef; properties: Map<string, XmlElement> }>();
  let started = false;
  let parity = false;
  for await (const set of follow(session, PATHS, 'all', signal)) {
    if (set.fresh && started) {
      known.clear();
      parity = false;
      yield { type: 'resync' };
    }
    started = true;
    for (const { kind, ref, changes } of set.updates) {
      if (kind === 'leave') {
        known.delete(ref.value);
        yield { type: 'gone', ref };
        continue;
      }
      const object = known.get(ref.value) ?? { ref, properties: new Map<string, XmlElement>() };
      known.set(ref.value, object);
      for (const [path, value] of changes) {
        if (value) object.properties.set(path, value);
        else object.properties.delete(path);
      }
      yield { type: 'changed', object: { ref, properties: object.properties, missing: new Map() } };
    }
    if (!set.truncated && !parity) {
      parity = true;
      yield { type: 'parity' };
    }
  }
}
