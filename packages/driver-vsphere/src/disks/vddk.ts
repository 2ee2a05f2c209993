import type { DiskReader, DiskSession, InstanceDisk, Log } from '@guts/core';
import { GutsError } from '@guts/core';
import { type NbdkitCommand, type NbdkitParts, openNbdkitReader } from '@guts/disk';
import { type ManagedRef, trustedCertificate, type VSphereSession } from '@guts/vsphere';
import { inWords, toGutsError } from '../errors.ts';

/** What a worker has for reading disks by VDDK: of its own configuration, never of a source's. */
export interface VddkOptions extends NbdkitParts {
  /** nbdkit: a name, or a path. */
  readonly program: string;
  /** Folder of a VDDK-compatible library. */
  readonly libraryDir: string;
  /** Ways of the library to the data, the first wanted most, with colons between: `nbdssl:nbd`. */
  readonly modes: string;
}

/** Who asks, and of which machine. */
interface Asked {
  readonly server: URL;
  readonly username: string;
  readonly password: string;
  /** SHA-1 of the server's certificate. */
  readonly thumbprint: string;
  readonly machine: ManagedRef;
  /** Reads the machine as it was then; null: as it is, while it is off. */
  readonly snapshot: ManagedRef | null;
  /** `[datastore] folder/disk.vmdk`. */
  readonly path: string;
}

/** Of a library that looks for its server and that server's host; seconds. */
const CONNECT_SECONDS = 120;
/** Of a read; a copy makes its requests again by itself, in longer pauses. */
const ATTEMPTS = 2;

/** nbdkit's command for a disk (nbdkit-vddk-plugin(1), PARAMETERS). */
export function vddkCommand(
  vddk: Pick<VddkOptions, 'program' | 'libraryDir' | 'modes'>,
  of: Asked,
): NbdkitCommand {
  const { server, machine, snapshot } = of;
  return {
    program: vddk.program,
    plugin: 'vddk',
    parameters: [
      ['libdir', vddk.libraryDir],
      ['server', server.hostname.replaceAll(/^\[|\]$/g, '')],
      ...(server.port === '' ? [] : [['port', server.port] as const]),
      ['user', of.username],
      ['thumbprint', of.thumbprint],
      ['vm', `moref=${machine.value}`],
      ...(snapshot ? [['snapshot', snapshot.value] as const] : []),
      ['transports', vddk.modes],
      ['file', of.path],
    ],
    secrets: { password: of.password },
  };
}

function inGutsWords(reader: DiskReader): DiskReader {
  return {
    ...reader,
    async *extents(signal) {
      try {
        yield* reader.extents(signal);
      } catch (error) {
        throw toGutsError(error);
      }
    },
    read: (offset, buffer, signal) => inWords(() => reader.read(offset, buffer, signal)),
  };
}

/**
 * Reads disks through nbdkit and a VDDK-compatible library, each by an nbdkit of its own that is started when the disk
 * is first read. The library trusts the certificate that our own session saw and trusted, and no other.
 */
export async function openVddkDisks(
  {
    session,
    vddk,
    username,
    password,
    log,
  }: {
    readonly session: VSphereSession;
    readonly vddk: VddkOptions;
    readonly username: string;
    readonly password: string;
    readonly log: Log;
  },
  machine: ManagedRef,
  snapshot: ManagedRef | null,
  disks: readonly InstanceDisk[],
  signal: AbortSignal,
): Promise<DiskSession> {
  const { url: server, httpOptions } = session;
  const { trust, timeoutSeconds } = httpOptions;
  const { sha1: thumbprint } = await trustedCertificate({ url: server, trust, timeoutSeconds, signal });
  const open = disks.map(({ key, label, path, capacityBytes }) => {
    if (path === null) throw new GutsError('disk_transport', `${label} has no file`);
    const reader = openNbdkitReader({
      command: vddkCommand(vddk, { server, username, password, thumbprint, machine, snapshot, path }),
      parts: vddk,
      size: capacityBytes,
      connectSeconds: CONNECT_SECONDS,
      attempts: ATTEMPTS,
      onRenewal: (why) => log.warn({ disk: key }, `${label}: ${why}`),
    });
    return { key, source: inGutsWords(reader) };
  });
  const close = async (): Promise<void> => {
    await Promise.all(open.map(({ source }) => source.close()));
  };
  return {
    transport: 'vddk',
    disks: open,
    externalId: null,
    progress: () => undefined,
    complete: close,
    abort: close,
  };
}
