import type { Ref } from '../soap/values.ts';

/** An inventory name as vCenter gives it: %, / and \ are percent-encoded. */
export function escapedName(name: string): string {
  return name.replace(/[%/\\]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
}

/** A name as clients give it, decoded. */
export function plainName(name: string): string {
  return name.replace(/%(2f|5c|25)/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** References without the missing and the repeated ones. */
export function refsUnique(refs: readonly (Ref | undefined)[]): readonly Ref[] {
  const seen = new Map<string, Ref>();
  for (const ref of refs) if (ref !== undefined) seen.set(ref.id, ref);
  return [...seen.values()];
}
