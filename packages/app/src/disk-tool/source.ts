import { readFile } from 'node:fs/promises';
import {
  type DiskFileFormat,
  type DiskReader,
  DiskUsageError,
  type NbdTarget,
  openDiskFile,
  openNbdReader,
  openRawFile,
  parseNbdUri,
} from '@guts/disk';

/** How an NBD server with TLS is trusted; by default as the system's authorities say. */
export interface TrustOptions {
  /** PEM file of the authorities. */
  readonly ca?: string;
  /** SHA-256 of the certificate. */
  readonly fingerprint?: string;
}

export interface OpenedDisk {
  readonly format: DiskFileFormat | 'nbd';
  readonly reader: DiskReader;
}

/** Null: it is a path. @throws NbdError for an address that is none, or asks for what is never done */
export function nbdTarget(text: string): NbdTarget | null {
  return /^nbds?(\+unix)?:/i.test(text) ? parseNbdUri(text) : null;
}

export async function nbdSession(
  target: NbdTarget,
  { ca, fingerprint }: TrustOptions,
): Promise<{ target: NbdTarget; tls?: { ca?: string; fingerprint?: string } }> {
  if (!target.secure) return { target };
  return {
    target,
    tls: {
      ...(ca === undefined ? {} : { ca: await readFile(ca, 'utf8') }),
      ...(fingerprint === undefined ? {} : { fingerprint }),
    },
  };
}

export interface SourceOptions {
  readonly format?: DiskFileFormat;
  readonly ovaDisk?: string;
  readonly uncached?: boolean;
}

/**
 * Opens a disk for reading: an NBD address, or a file or block device.
 * @param options.format what it is; then nothing is guessed
 * @param options.ovaDisk which disk of an OVA
 * @param options.uncached reads a raw one past what the page cache holds of it
 */
export async function openSource(
  text: string,
  options: TrustOptions & SourceOptions,
  signal: AbortSignal,
): Promise<OpenedDisk> {
  const target = nbdTarget(text);
  const { format, ovaDisk, uncached = false } = options;
  if (target) {
    if (ovaDisk !== undefined)
      throw new DiskUsageError(`${text} is an NBD export: there is no disk "${ovaDisk}" to choose`);
    const session = await nbdSession(target, options);
    return { format: 'nbd', reader: await openNbdReader({ ...session, threads: true }, signal) };
  }
  if (format === 'raw' && uncached) return { format, reader: await openRawFile(text, { uncached }) };
  return openDiskFile(text, {
    signal,
    ...(format === undefined ? {} : { format }),
    ...(ovaDisk === undefined ? {} : { ovaDisk }),
  });
}
