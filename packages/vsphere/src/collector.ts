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

async function* pages(
  session: VSphereSession,
  specs: Structure,
  { signal, ofThisLogin = false }: { readonly signal: AbortSignal; readonly ofThisLogin?: boolean },
): AsyncGenerator<ObjectProperties, void> {
  const collector = session.content.propertyCollector;
  const options = struct([['maxObjects', PAGE_OBJECTS]]);
  const fields = [
    ['specSet', specs],
    ['options', options],
  ] as const;
  let [page] = await session.call('RetrievePropertiesEx', collector, fields, { signal, ofThisLogin });
  let token: string | null = null;
  try {
    while (page) {
      token = page.textOf('token');
      for (const object of page.all('objects')) yield toObject(object);
      if (token === null) return;
      [page] = await session.call('ContinueRetrievePropertiesEx', collector, [['token', token]], {
        signal,
        ofThisLogin: true,
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
 * @throws SessionLostError when the view ended in between with its login: what was told may not be everything
 */
export async function* retrieveAll(
  session: VSphereSession,
  paths: PropertyPaths,
  signal: AbortSignal,
): AsyncGenerator<ObjectProperties, void> {
  const { viewManager, rootFolder } = session.content;
  const fields = [
    ['container', { ref: rootFolder }],
    ['type', Object.keys(paths)],
    ['recursive', true],
  ] as const;
  const login = session.logins;
  const view = (await session.callOne('CreateContainerView', viewManager, fields, { signal })).ref();
  try {
    const traversal = struct(
      [
        ['name', 'view'],
        ['type', 'ContainerView'],
        ['path', 'view'],
        ['skip', false],
      ],
      'TraversalSpec',
    );
    const objectSet = struct([
      ['obj', { ref: view }],
      ['skip', true],
      ['selectSet', traversal],
    ]);
    yield* pages(session, filterSpec(paths, objectSet), { signal, ofThisLogin: true });
    if (session.logins !== login) throw new SessionLostError('a retrieval');
  } finally {
    await session
      .call('DestroyView', view, [], { signal: AbortSignal.timeout(10_000) })
      .catch(() => undefined);
  }
}

export function filterSpec(paths: PropertyPaths, objectSet: Structure | readonly Structure[]): Structure {
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
  const objectSet = struct([
    ['obj', { ref }],
    ['skip', false],
  ]);
  try {
    for await (const object of pages(session, filterSpec({ [ref.type]: paths }, objectSet), { signal }))
      return object;
    return null;
  } catch (error) {
    if (isFault(error, 'ManagedObjectNotFound')) return null;
    throw error;
  }
}
