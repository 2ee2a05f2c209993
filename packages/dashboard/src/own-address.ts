import type { Boot } from './boot.ts';

/** Where guts-api serves the page to who comes to it directly. */
const DIRECT = /^\/dashboard\//;

/**
 * The app's own form of an address: who comes to guts-api directly, and not by the proxy that serves it below a path,
 * asks for the page without that path; guts-api takes both.
 * @returns null: it has that form, or is none that we know
 */
export function ownAddress(
  { mode, base }: Pick<Boot, 'mode' | 'base'>,
  { pathname, search, hash }: Pick<Location, 'pathname' | 'search' | 'hash'>,
): string | null {
  if (mode !== 'alone' || pathname.startsWith(base) || !DIRECT.test(pathname)) return null;
  return `${base}${pathname.replace(DIRECT, '')}${search}${hash}`;
}
