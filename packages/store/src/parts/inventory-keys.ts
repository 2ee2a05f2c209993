import { createHash } from 'node:crypto';
import type { Facet, Instance } from '@guts/core';

const LONGEST = 200;

/** A value as it is kept and looked for: in lower case; of a long one a digest, for keys are bounded. */
export function facetValue(text: string): string {
  const value = text.toLowerCase();
  return value.length <= LONGEST ? value : `sha256:${createHash('sha256').update(value).digest('hex')}`;
}

/** A name as it is sorted by and found by: as much of it as a key holds. */
export function nameKey(name: string): string {
  return name.toLowerCase().slice(0, LONGEST);
}

/** Every folder that a path lies in, outermost first. */
function foldersOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** All that an instance is found by; each once. */
export function facetsOf(instance: Instance): readonly { readonly facet: Facet; readonly value: string }[] {
  const { powerState, hostRef, hostName, disks, nics, path, osType, guestId, guestName } = instance;
  const all: Readonly<Record<Facet, readonly (string | null)[]>> = {
    power: [powerState],
    host: [hostRef, hostName],
    datastore: disks.flatMap((disk) => [disk.datastoreRef, disk.datastoreName]),
    network: nics.flatMap((nic) => [nic.networkRef, nic.networkName]),
    folder: foldersOf(path),
    guest: [osType, guestId, guestName],
  };
  return Object.entries(all).flatMap(([facet, texts]) => {
    const values = new Set(texts.flatMap((text) => (text ? [facetValue(text)] : [])));
    return [...values].map((value) => ({ facet: facet as Facet, value }));
  });
}
