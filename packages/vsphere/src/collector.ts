import { isFault, SessionLostError } from './errors.ts';
import type { VSphereSession } from './session.ts';
import type { ManagedRef, XmlElement } from './xml/element.ts';
import { struct, type Structure } from './xml/write.ts';

/** Properties of one object; those that the user may not see, or that are unset, are absent. */
export interface ObjectProperties {
  readonly ref: ManagedRef;
  readonly properties: ReadonlyMap<string, XmlElement>;
  /** Paths that were refused, with the fault's name. */
  readonly missing: ReadonlyMap<string, string>;
}
/** Property paths wanted, per type of managed object. */
export type PropertyPaths = Readonly<Record<string, readonly string[]>>;

/** vCenter caps a page at about 100 objects whatever is asked. */
const PAGE_OBJECTS = 100;

export function propertySpecs(paths: PropertyPaths): Structure[] {
  return Object.entries(paths).map(([type, pathSet]) =>
    struct([
      ['type', type],
      ['all', false],
      ['pathSet', [...pathSet]],
    ]),
  );
}

export function toObject(content: XmlElement): ObjectProperties {
  const properties = new Map<string, XmlElement>();
  for (const property of content.all('propSet')) {
    const value = property.find('val');
    if (value) properties.set(property.textOf('name') ?? '', value);
  }
  const missing = new Map<string, string>();
  for (const one of content.all('missingSet')) {
    const fault = one.find('fault.fault');
    missing.set(one.textOf('path') ?? '', fault?.xsiType ?? 'Unknown');
  }
  return { ref: content.get('obj').ref(), properties, missing };
}

/**
 * Reads page by page and hands each object over as it comes, also when a later one fails.
 */
async function pages(
  session: VSphereSession,
  specs: Structure,
  take: (object: ObjectProperties) => void,
  { signal, ofThisLogin = false }: { readonly signal: AbortSignal; readonly ofThisLogin?: boolean },
): Promise<void> {
  const collector = session.content.propertyCollector;
  const options = struct([['maxObjects', PAGE_OBJECTS]]);
  const fields = [
    ['specSet', specs],
    ['options', options],
  ] as const;
  const each = {
    path: ['returnval', 'objects'],
    take: (content: XmlElement): void => take(toObject(content)),
  };
  let [page] = await session.call('RetrievePropertiesEx', collector, fields, { signal, ofThisLogin, each });
  let token: string | null = null;
  try {
    while (page) {
      token = page.textOf('token');
      if (token === null) return;
      [page] = await session.call('ContinueRetrievePropertiesEx', collector, [['token', token]], {
        signal,
        ofThisLogin: true,
        each,
      });
    }
    token = null;
  } finally {
    // Left in the middle: the server keeps the rest until it is told.
    if (token !== null && !signal.aborted)
      await session
        .call('CancelRetrievePropertiesEx', collector, [['token', token]], { signal })
        .catch(() => undefined);
  }
}

/**
 * Everything of the given types below the root folder, page by page, through a view that is destroyed after.
 * @param take is given each object as it comes, also when the retrieval fails later
 * @throws SessionLostError when the view ended in between with its login: what was told may not be everything
 */
export async function retrieveAll(
  session: VSphereSession,
  paths: PropertyPaths,
  signal: AbortSignal,
  take: (object: ObjectProperties) => void,
): Promise<void> {
  const login = session.logins;
  const view = await viewOfAll(session, Object.keys(paths), { signal });
  try {
    await pages(session, filterSpec(paths, membersOf(view)), take, { signal, ofThisLogin: true });
    if (session.logins !== login) throw new SessionLostError('a retrieval');
  } finally {
    await destroyView(session, view);
  }
}

/** A view of all objects of the given types below the root folder, also of those that come later; ends with the login. */
export async function viewOfAll(
  session: VSphereSession,
  types: readonly string[],
  options: { readonly signal: AbortSignal; readonly ofThisLogin?: boolean },
): Promise<ManagedRef> {
  const { viewManager, rootFolder } = session.content;
  const fields = [
    ['container', { ref: rootFolder }],
    ['type', types],
    ['recursive', true],
  ] as const;
  return (await session.callOne('CreateContainerView', viewManager, fields, options)).ref();
}

/** Never throws: what cannot be destroyed ends with the login. */
export async function destroyView(session: VSphereSession, view: ManagedRef): Promise<void> {
  const signal = AbortSignal.timeout(10_000);
  await session.call('DestroyView', view, [], { signal }).catch(() => undefined);
}

/** The objects of a view, and not the view itself. */
export function membersOf(view: ManagedRef): Structure {
  const traversal = struct(
    [
      ['name', 'view'],
      ['type', 'ContainerView'],
      ['path', 'view'],
      ['skip', false],
    ],
    'TraversalSpec',
  );
  return struct([
    ['obj', { ref: view }],
    ['skip', true],
    ['selectSet', traversal],
  ]);
}

/** One object alone. */
export function itself(ref: ManagedRef): Structure {
  return struct([
    ['obj', { ref }],
    ['skip', false],
  ]);
}

export function filterSpec(paths: PropertyPaths, objectSet: Structure): Structure {
  return struct([
    ['propSet', propertySpecs(paths)],
    ['objectSet', objectSet],
    ['reportMissingObjectsInResults', true],
  ]);
}

/** Properties of one object, or null when it does not exist (any more). */
export async function retrieveOne(
  session: VSphereSession,
  ref: ManagedRef,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<ObjectProperties | null> {
  try {
    const found: ObjectProperties[] = [];
    await pages(session, filterSpec({ [ref.type]: paths }, itself(ref)), (one) => void found.push(one), {
      signal,
    });
    return found[0] ?? null;
  } catch (error) {
    if (isFault(error, 'ManagedObjectNotFound')) return null;
    throw error;
  }
}
