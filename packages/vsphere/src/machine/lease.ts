import {
  FileRequestError,
  isFault,
  ProtocolError,
  UnreachableError,
  VSphereError,
  VSphereFaultError,
} from '../errors.ts';
import type { VSphereSession } from '../session.ts';
import { localizedFault } from '../tasks.ts';
import { downloadBody } from '../transport/body-download.ts';
import { HttpClient, type HttpOptions } from '../transport/http.ts';
import { waitUntil } from '../updates.ts';
import { type ManagedRef, safeBytes, type XmlElement } from '../xml/element.ts';

export interface LeaseDevice {
  /** Such as `/vm-42/VirtualLsiLogicController0:0`: names the controller and the unit. */
  readonly key: string;
  readonly url: URL;
  readonly sslThumbprint: string;
  readonly disk: boolean;
  /** Name that the descriptor gives it. */
  readonly targetId: string | null;
}
export interface LeaseInfo {
  readonly timeoutSeconds: number;
  /** Sum of the disks' capacities; bytes. */
  readonly totalBytes: number;
  readonly devices: readonly LeaseDevice[];
}

/** Much shorter than any lease's timeout (300 s by default), longer than a heartbeat needs to be. */
const PROGRESS_SECONDS = 5;
/** How long one telling may take at least; milliseconds. */
const MIN_TELL_MS = 1000;
/** Part of the lease's timeout after which nobody can count on it any more. */
const GIVE_UP = 0.75;
/** The lease is not there or has ended, or we may not use it: nothing that passes. */
const LEASE_OVER = ['ManagedObjectNotFound', 'InvalidState', 'InvalidLogin', 'NoPermission', 'Timedout'];

function untoldFor(milliseconds: number, cause: unknown): UnreachableError {
  const seconds = Math.round(milliseconds / 1000);
  return new UnreachableError('the server', `it did not take a sign of life for ${seconds} seconds`, {
    cause,
  });
}

/** A way to read a machine's disks as streams; nobody can start the machine while it is held. */
export class ExportLease {
  readonly ref: ManagedRef;
  readonly info: LeaseInfo;
  readonly #session: VSphereSession;
  readonly #clients = new Map<string, HttpClient>();
  readonly #broken = new AbortController();
  #timer: NodeJS.Timeout | null = null;

  constructor(session: VSphereSession, ref: ManagedRef, info: LeaseInfo) {
    this.#session = session;
    this.ref = ref;
    this.info = info;
  }

  /**
   * Tells the server that we are alive. Downloads end with the error when the server says that the lease is no more,
   * or when it has not been told for so long that it is about to give the lease up; until then it is told again.
   */
  keepAlive(percent: () => number): void {
    const { timeoutSeconds } = this.info;
    const every = Math.min(PROGRESS_SECONDS, timeoutSeconds / 4) * 1000;
    let told = performance.now();
    let busy = false;
    const tell = async (): Promise<void> => {
      const began = performance.now();
      const signal = AbortSignal.timeout(Math.max(every, MIN_TELL_MS));
      try {
        const fields = [['percent', clampPercent(percent())]] as const;
        await this.#session.call('HttpNfcLeaseProgress', this.ref, fields, { signal });
        told = began;
      } catch (error) {
        const untold = performance.now() - told;
        if (isFault(error, ...LEASE_OVER) || untold > GIVE_UP * timeoutSeconds * 1000)
          this.#broken.abort(error instanceof VSphereError ? error : untoldFor(untold, error));
      }
    };
    this.#timer = setInterval(() => {
      if (busy) return;
      busy = true;
      void tell().finally(() => {
        busy = false;
      });
    }, every);
    this.#timer.unref();
  }

  /**
   * Opens one disk's stream. A piece's memory is used again once the next one is asked for.
   * @throws FileRequestError, UnreachableError, UntrustedCertificateError
   */
  async open(device: LeaseDevice, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const either = AbortSignal.any([signal, this.#broken.signal]);
    const body = await downloadBody(device.url, this.#httpOptions(device), either);
    if (body) return body;
    // Not the plain answer: it is asked for again by a client that understands every answer, and tells what is wrong.
    const answer = await this.#client(device).request({ url: device.url, signal: either });
    if (answer.status !== 200) {
      await answer.body.dump();
      throw new FileRequestError(
        answer.status,
        `${device.url.host} answered HTTP ${answer.status} to the export`,
      );
    }
    return answer.body;
  }

  async complete(signal: AbortSignal): Promise<void> {
    this.#stop();
    try {
      await this.#session.call('HttpNfcLeaseComplete', this.ref, [], { signal });
    } finally {
      await this.#closeClients();
    }
  }

  /** Gives it up. What is gone already is no error. */
  async abort(signal: AbortSignal): Promise<void> {
    this.#stop();
    await this.#closeClients();
    await abortLease(this.#session, this.ref, signal);
  }

  /** The host is trusted by what vCenter said of it over its own, verified connection. */
  #httpOptions({ sslThumbprint }: LeaseDevice): HttpOptions {
    const options = this.#session.httpOptions;
    return sslThumbprint === '' ? options : { ...options, trust: { fingerprint: sslThumbprint } };
  }

  #client(device: LeaseDevice): HttpClient {
    const known = this.#clients.get(device.sslThumbprint);
    if (known) return known;
    const client = new HttpClient(this.#httpOptions(device));
    this.#clients.set(device.sslThumbprint, client);
    return client;
  }

  #stop(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  async #closeClients(): Promise<void> {
    this.#broken.abort(new UnreachableError('the export', 'it was closed'));
    for (const client of this.#clients.values()) await client.close();
    this.#clients.clear();
  }
}

/** For a lease whose id alone is known. */
export async function abortLease(
  session: VSphereSession,
  ref: ManagedRef,
  signal: AbortSignal,
): Promise<'aborted' | 'absent'> {
  try {
    await session.call('HttpNfcLeaseAbort', ref, [], { signal, always: true });
    return 'aborted';
  } catch (error) {
    // Gone, or ended: there is nothing left to abort.
    if (error instanceof VSphereFaultError) {
      if (['ManagedObjectNotFound', 'Timedout', 'InvalidState'].includes(error.faultName)) return 'absent';
    }
    throw error;
  }
}

async function openLease(
  session: VSphereSession,
  lease: ManagedRef,
  signal: AbortSignal,
): Promise<ExportLease> {
  try {
    const ready = (seen: ReadonlyMap<string, XmlElement>): XmlElement | null => {
      const state = seen.get('state')?.text;
      if (state === 'error') throw localizedFault(seen.get('error') ?? null, 'export lease');
      if (state === 'done') throw new ProtocolError('the export lease ended before it was used');
      return state === 'ready' ? (seen.get('info') ?? null) : null;
    };
    const info = await waitUntil(session, lease, ['state', 'info'], signal, ready, ['error']);
    const devices = info.all('deviceUrl').map((device): LeaseDevice => ({
      key: device.textOf('key') ?? '',
      url: leaseUrl(device.textOf('url') ?? '', session.url),
      sslThumbprint: device.textOf('sslThumbprint') ?? '',
      disk: device.boolOf('disk'),
      targetId: device.textOf('targetId'),
    }));
    return new ExportLease(session, lease, {
      timeoutSeconds: info.intOf('leaseTimeout') ?? 300,
      // In KiB (HttpNfcLeaseInfo.totalDiskCapacityInKB).
      totalBytes: safeBytes((info.longOf('totalDiskCapacityInKB') ?? 0n) * 1024n, 'totalDiskCapacityInKB'),
      devices,
    });
  } catch (error) {
    await abortLease(session, lease, AbortSignal.timeout(10_000)).catch(() => undefined);
    throw error;
  }
}

/** A lease for a machine that is off. @throws VSphereFaultError such as `InvalidPowerState`, `TaskInProgress` */
export async function exportVm(
  session: VSphereSession,
  vm: ManagedRef,
  signal: AbortSignal,
): Promise<ExportLease> {
  return openLease(session, (await session.callOne('ExportVm', vm, [], { signal })).ref(), signal);
}

/** A lease for a snapshot; the machine may run. */
export async function exportSnapshot(
  session: VSphereSession,
  snapshot: ManagedRef,
  signal: AbortSignal,
): Promise<ExportLease> {
  return openLease(
    session,
    (await session.callOne('ExportSnapshot', snapshot, [], { signal })).ref(),
    signal,
  );
}

/** A bare ESXi gives `*` for its own host: it is the one we talk to. */
export function leaseUrl(text: string, session: URL): URL {
  const url = text.replace(/^(https?:\/\/)\*(:\d+)?/, (_all, scheme: string, port: string | undefined) => {
    const own = session.port === '' ? '' : `:${session.port}`;
    return `${scheme}${session.hostname}${port ?? own}`;
  });
  if (!URL.canParse(url)) throw new ProtocolError(`the lease has an address that is none: ${text}`);
  const parsed = new URL(url);
  if (parsed.protocol !== 'https:')
    throw new ProtocolError(`the lease wants ${parsed.protocol} for disk data`);
  return parsed;
}

function clampPercent(value: number): number {
  return Math.max(0, Math.min(100, Math.floor(value)));
}
