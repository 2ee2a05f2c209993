import { filterSpec, type PropertyPaths } from './collector.ts';
import type { VSphereSession } from './session.ts';
import type { ManagedRef, XmlElement } from './xml/element.ts';
import { struct, type Structure } from './xml/write.ts';

/** What changed of one object. A null value: the property is unset now. */
export interface ObjectUpdate {
  readonly kind: 'enter' | 'modify' | 'leave';
  readonly ref: ManagedRef;
  readonly changes: ReadonlyMap<string, XmlElement | null>;
}
export interface UpdateSet {
  readonly updates: readonly ObjectUpdate[];
  /** More of the same moment follows. */
  readonly truncated: boolean;
}

/** How long one call waits for a change; shorter than any proxy's patience; seconds. */
const WAIT_SECONDS = 30;

function toUpdate(element: XmlElement): ObjectUpdate {
  const changes = new Map<string, XmlElement | null>();
  for (const change of element.all('changeSet')) {
    const name = change.textOf('name') ?? '';
    const gone = change.textOf('op') === 'remove' || change.textOf('op') === 'indirectRemove';
    changes.set(name, gone ? null : change.find('val'));
  }
  return { kind: element.textOf('kind') as ObjectUpdate['kind'], ref: element.get('obj').ref(), changes };
}

/**
 * Follows objects with a property collector of its own, so that several loops of one session do not mix their
 * filters. The first sets are the present state; an empty set is yielded when nothing changed for a while.
 */
export async function* follow(
  session: VSphereSession,
  paths: PropertyPaths,
  objectSet: Structure | readonly Structure[],
  signal: AbortSignal,
): AsyncGenerator<UpdateSet, void> {
  const { propertyCollector } = session.content;
  const collector = (
    await session.callOne('CreatePropertyCollector', propertyCollector, [], { signal })
  ).ref();
  try {
    const fields = [
      ['spec', filterSpec(paths, objectSet)],
      ['partialUpdates', false],
    ] as const;
    await session.call('CreateFilter', collector, fields, { signal });
    let version = '';
    for (;;) {
      const wait = struct([['maxWaitSeconds', WAIT_SECONDS]]);
      const [set] = await session.call(
        'WaitForUpdatesEx',
        collector,
        [
          ['version', version],
          ['options', wait],
        ],
        { signal, headSeconds: WAIT_SECONDS * 3 },
      );
      if (!set) {
        yield { updates: [], truncated: false };
        continue;
      }
      version = set.textOf('version') ?? version;
      const updates = set.all('filterSet').flatMap((filter) => filter.all('objectSet').map(toUpdate));
      yield { updates, truncated: set.boolOf('truncated') };
    }
  } finally {
    await session
      .call('DestroyPropertyCollector', collector, [], { signal: AbortSignal.timeout(10_000) })
      .catch(() => undefined);
  }
}

/**
 * Waits until a condition on one object's properties gives a value. The properties seen so far are collected.
 * @throws VSphereFaultError `ManagedObjectNotFound` when the object goes away
 */
export async function waitUntil<T>(
  session: VSphereSession,
  ref: ManagedRef,
  paths: readonly string[],
  signal: AbortSignal,
  condition: (properties: ReadonlyMap<string, XmlElement>) => T | null,
): Promise<T> {
  const seen = new Map<string, XmlElement>();
  const objectSet = struct([
    ['obj', { ref }],
    ['skip', false],
  ]);
  for await (const { updates } of follow(session, { [ref.type]: paths }, objectSet, signal)) {
    for (const { changes } of updates) {
      for (const [path, value] of changes) {
        if (value) seen.set(path, value);
        else seen.delete(path);
      }
    }
    const result = condition(seen);
    if (result !== null) return result;
    signal.throwIfAborted();
  }
  throw new Error('unreachable: the loop ends only by a return or a throw');
}
