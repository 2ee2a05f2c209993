import { destroyView, filterSpec, itself, membersOf, type PropertyPaths, viewOfAll } from './collector.ts';
import { faultError, isFault, ObjectGoneError, SessionLostError } from './errors.ts';
import type { VSphereSession } from './session.ts';
import type { ManagedRef, XmlElement } from './xml/element.ts';
import { struct, type Structure } from './xml/write.ts';

/** What changed of one object. A null value: the property is unset now. */
export interface ObjectUpdate {
  readonly kind: 'enter' | 'modify' | 'leave';
  readonly ref: ManagedRef;
  readonly changes: ReadonlyMap<string, XmlElement | null>;
  /** Paths that were refused, with the fault's name. */
  readonly missing: ReadonlyMap<string, string>;
}
export interface UpdateSet {
  /** The first of a collector: all that sets before it told holds no longer, and what exists is told anew. */
  readonly fresh: boolean;
  readonly updates: readonly ObjectUpdate[];
  /** Objects that were asked for and are not there (vSphere API, PropertyFilterUpdate.missingSet). */
  readonly missing: readonly ManagedRef[];
  /** More of the same moment follows. */
  readonly truncated: boolean;
}

/** How long one call waits for a change; shorter than any proxy's patience; seconds. */
const WAIT_SECONDS = 30;
/** A collector that is lost so often without one answer in between is not worth another. */
const MAX_LOSSES = 5;

function toUpdate(element: XmlElement): ObjectUpdate {
  const changes = new Map<string, XmlElement | null>();
  for (const change of element.all('changeSet')) {
    const name = change.textOf('name') ?? '';
    const gone = change.textOf('op') === 'remove' || change.textOf('op') === 'indirectRemove';
    changes.set(name, gone ? null : change.find('val'));
  }
  const missing = new Map<string, string>();
  for (const one of element.all('missingSet'))
    missing.set(one.textOf('path') ?? '', one.find('fault.fault')?.xsiType ?? 'Fault');
  const kind = element.textOf('kind') as ObjectUpdate['kind'];
  return { kind, ref: element.get('obj').ref(), changes, missing };
}

/** What is followed: one object, or all that exist and come of the types of which properties are wanted. */
export type Objects = ManagedRef | 'all';

/**
 * Follows objects with a property collector of its own, so that several loops of one session do not mix their
 * filters. The first sets are the present state; an empty set is yielded when nothing changed for a while. A
 * collector ends with its login: after a new login another one is made, whose first set is `fresh`.
 */
export async function* follow(
  session: VSphereSession,
  paths: PropertyPaths,
  objects: Objects,
  signal: AbortSignal,
): AsyncGenerator<UpdateSet, void> {
  let losses = 0;
  for (;;) {
    try {
      for await (const set of followOnce(session, paths, objects, signal)) {
        losses = 0;
        yield set;
      }
    } catch (error) {
      losses += 1;
      if (!(error instanceof SessionLostError) || losses > MAX_LOSSES) throw error;
    }
  }
}

/** @throws SessionLostError when the collector is gone */
async function* followOnce(
  session: VSphereSession,
  paths: PropertyPaths,
  objects: Objects,
  signal: AbortSignal,
): AsyncGenerator<UpdateSet, void> {
  const { propertyCollector } = session.content;
  const collector = (
    await session.callOne('CreatePropertyCollector', propertyCollector, [], { signal })
  ).ref();
  let view: ManagedRef | null = null;
  try {
    let objectSet: Structure;
    if (objects === 'all') {
      view = await viewOfAll(session, Object.keys(paths), { signal, ofThisLogin: true });
      objectSet = membersOf(view);
    } else objectSet = itself(objects);
    const fields = [
      ['spec', filterSpec(paths, objectSet)],
      ['partialUpdates', false],
    ] as const;
    await session.call('CreateFilter', collector, fields, { signal, ofThisLogin: true });
    let version = '';
    for (;;) {
      const updates: ObjectUpdate[] = [];
      const each = {
        path: ['returnval', 'filterSet', 'objectSet'],
        take: (one: XmlElement): void => void updates.push(toUpdate(one)),
      };
      const [set] = await session.call(
        'WaitForUpdatesEx',
        collector,
        [
          ['version', version],
          ['options', struct([['maxWaitSeconds', WAIT_SECONDS]])],
        ],
        { signal, headSeconds: WAIT_SECONDS * 3, ofThisLogin: true, each },
      );
      const fresh = version === '';
      version = set?.textOf('version') ?? version;
      const filters = set?.all('filterSet') ?? [];
      yield {
        fresh,
        updates,
        missing: filters.flatMap((filter) => filter.all('missingSet').map((one) => one.get('obj').ref())),
        truncated: set?.boolOf('truncated') ?? false,
      };
    }
  } catch (error) {
    throw collectorLost(error, collector) ? new SessionLostError('a wait', { cause: error }) : error;
  } finally {
    await session
      .call('DestroyPropertyCollector', collector, [], { signal: AbortSignal.timeout(10_000) })
      .catch(() => undefined);
    if (view) await destroyView(session, view);
  }
}

/** The collector, and not what it looks at: somebody else may have logged in anew while the wait was not asked for. */
function collectorLost(error: unknown, collector: ManagedRef): boolean {
  if (isFault(error, 'InvalidCollectorVersion')) return true;
  if (!(error instanceof ObjectGoneError)) return false;
  // Where the server does not say which it was, the next collector shows whether the object is there.
  return error.object === null || error.object.value === collector.value;
}

/**
 * Waits until a condition on one object's properties gives a value. The properties seen so far are collected.
 * @param paths what the condition cannot be told without
 * @param optional what it looks at beside that
 * @throws ObjectGoneError when the object is not there or goes away
 * @throws VSphereFaultError when the condition does not hold and one of the paths cannot be read
 */
export async function waitUntil<T>(
  session: VSphereSession,
  ref: ManagedRef,
  paths: readonly string[],
  signal: AbortSignal,
  condition: (properties: ReadonlyMap<string, XmlElement>) => T | null,
  optional: readonly string[] = [],
): Promise<T> {
  const seen = new Map<string, XmlElement>();
  for await (const { fresh, updates, missing } of follow(
    session,
    { [ref.type]: [...paths, ...optional] },
    ref,
    signal,
  )) {
    if (fresh) seen.clear();
    for (const { changes } of updates) {
      for (const [path, value] of changes) {
        if (value) seen.set(path, value);
        else seen.delete(path);
      }
    }
    const result = condition(seen);
    if (result !== null) return result;
    if (missing.length > 0 || updates.some((one) => one.kind === 'leave'))
      throw new ObjectGoneError(ref, `${ref.type} ${ref.value} is not there any more`, 'wait');
    for (const [path, fault] of updates
      .flatMap((one) => [...one.missing])
      .filter(([one]) => paths.includes(one)))
      throw faultError(fault, `${path} of ${ref.type} ${ref.value} cannot be read`, 'wait', ref);
    signal.throwIfAborted();
  }
  throw new Error('unreachable: the loop ends only by a return or a throw');
}
