import { sdkUrl } from '@guts/vsphere';

/**
 * The name under which a source is remembered: its address as every way of writing it has it in common, such as
 * `https://vc.example.org` of `VC.example.org:443/`.
 * @throws VSphereError when it is no address of one
 */
export function sourceName(address: string): string {
  const { origin, pathname } = sdkUrl(address);
  return pathname === '/sdk' ? origin : `${origin}${pathname}`;
}

/** Whether a name that was kept, perhaps before names were made alike, is that of this source. */
export function namesSource(kept: string, name: string): boolean {
  try {
    return sourceName(kept) === name;
  } catch {
    // No address: somebody named it otherwise.
    return false;
  }
}
