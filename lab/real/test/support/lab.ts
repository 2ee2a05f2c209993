import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const ROOT = resolve(fileURLToPath(new URL('../../../..', import.meta.url)));
/** Where the lab's OpenStack keeps its state. */
export const LAB_STATE = process.env['LAB_STATE'] ?? '/tmp/guts-real';
export const CLOUDS_FILE = join(LAB_STATE, 'clouds.yaml');

/** The two guests that test-real.sh builds. */
export const GUEST_IMAGE = {
  bios: join(LAB_STATE, 'img/bios.raw'),
  efi: join(LAB_STATE, 'img/uefi.raw'),
} as const;

export interface CloudEntry {
  readonly auth_type?: string;
  readonly auth: Readonly<Record<string, string>>;
}

/** One entry of the lab's clouds.yaml, which seed.py writes as JSON. */
export function cloudEntry(name: string): CloudEntry {
  const all = JSON.parse(readFileSync(CLOUDS_FILE, 'utf8')) as { clouds: Record<string, CloudEntry> };
  const entry = all.clouds[name];
  if (!entry) throw new Error(`${CLOUDS_FILE} has no cloud "${name}"`);
  return entry;
}

/** Where the lab's Cinder keeps this volume's bytes: a file of its NFS export. */
export function volumeFile(volumeId: string): string {
  return join(LAB_STATE, 'nfs-export', `volume-${volumeId}`);
}

/** Where the lab's Glance keeps this image's bytes. */
export function imageFile(imageId: string): string {
  return join(LAB_STATE, 'glance/images', imageId);
}
