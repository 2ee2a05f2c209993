import { randomUUID } from 'node:crypto';
import type { Readable } from './disk/disk.ts';
import { VimFault } from './soap/faults.ts';
import {
  bool,
  data,
  enumeration,
  int,
  list,
  long,
  refValue,
  str,
  type Ref,
  type Value,
} from './soap/values.ts';
import type { Inventory } from './model/inventory.ts';
import type { Machine } from './model/machine.ts';

export interface LeaseDisk {
  /** `/vm-1/ParaVirtualSCSIController0:0` and the like. */
  readonly key: string;
  readonly deviceKey: number;
  readonly fileName: string;
  readonly readable: Readable;
}

export interface LeaseSettings {
  readonly timeoutSeconds: number;
  readonly readyMs: number;
  /** `host:port` as the URL shall show it. */
  readonly authority: string;
  readonly sslThumbprint: string;
}

export type LeaseState = 'initializing' | 'ready' | 'done' | 'error';

/** An HttpNfcLease on the disks of one machine. It ends in error when no progress is reported in time. */
export class Lease {
  readonly ref: Ref;
  readonly id = randomUUID();
  readonly machine: Machine;
  /** Key of the session that asked for it. */
  readonly sessionKey: string;
  readonly disks: readonly LeaseDisk[];
  /** Aborted when downloads must stop. */
  readonly ended = new AbortController();
  progress = 0;
  state: LeaseState = 'initializing';
  error: VimFault | undefined;
  readonly #settings: LeaseSettings;
  readonly #inventory: Inventory;
  readonly #onEnd: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    inventory: Inventory,
    machine: Machine,
    sessionKey: string,
    disks: readonly LeaseDisk[],
    settings: LeaseSettings,
    onEnd: () => void,
  ) {
    this.ref = { type: 'HttpNfcLease', id: `session[${randomUUID()}]${this.id}` };
    this.machine = machine;
    this.sessionKey = sessionKey;
    this.disks = disks;
    this.#settings = settings;
    this.#inventory = inventory;
    this.#onEnd = onEnd;
    inventory.add({
      ref: this.ref,
      properties: {
        initializeProgress: () => int(this.state === 'initializing' ? 0 : 100),
        transferProgress: () => int(this.progress),
        mode: () => str('pushOrGet'),
        capabilities: () =>
          data('HttpNfcLeaseCapabilities', { pullModeSupported: bool(false), corsSupported: bool(false) }),
        info: () => (this.state === 'ready' ? this.#info() : undefined),
        state: () => enumeration('HttpNfcLeaseState', this.state),
        error: () => this.error?.localized(),
      },
    });
    this.#timer = setTimeout(() => this.#ready(), settings.readyMs);
  }

  #ready(): void {
    this.state = 'ready';
    this.#arm();
    this.#inventory.touch(this.ref);
  }

  #arm(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.expire(), this.#settings.timeoutSeconds * 1000);
  }

  /** HttpNfcLeaseProgress: also what keeps the lease alive. @throws VimFault InvalidState */
  report(percent: number): void {
    this.#mustBeReady();
    this.progress = percent;
    this.#arm();
    this.#inventory.touch(this.ref);
  }

  complete(): void {
    this.#mustBeReady();
    this.#end('done');
  }

  abort(fault: VimFault | undefined): void {
    if (this.state === 'done' || this.state === 'error') throw invalidState(this.state);
    this.error = fault ?? new VimFault('RequestCanceled', 'The task was canceled by a user.');
    this.#end('error');
  }

  /** What happens when no progress came in time. */
  expire(): void {
    if (this.state !== 'ready' && this.state !== 'initializing') return;
    this.error = new VimFault('Timedout', 'Operation timed out.');
    this.#end('error');
  }

  #mustBeReady(): void {
    if (this.state !== 'ready') throw invalidState(this.state);
  }

  #end(state: 'done' | 'error'): void {
    clearTimeout(this.#timer);
    this.state = state;
    this.ended.abort();
    this.#onEnd();
    this.#inventory.touch(this.ref);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.ended.abort();
  }

  #info(): Value {
    const total = this.disks.reduce((sum, disk) => sum + disk.readable.size, 0);
    return data('HttpNfcLeaseInfo', {
      lease: refValue(this.ref),
      entity: refValue(this.machine.ref),
      deviceUrl: list(
        'HttpNfcLeaseDeviceUrl',
        this.disks.map((disk, index) => this.#deviceUrl(disk, index)),
      ),
      totalDiskCapacityInKB: long(Math.floor(total / 1024)),
      leaseTimeout: int(Math.ceil(this.#settings.timeoutSeconds)),
    });
  }

  #deviceUrl(disk: LeaseDisk, index: number): Value {
    return data('HttpNfcLeaseDeviceUrl', {
      key: str(disk.key),
      importKey: str(''),
      url: str(`https://${this.#settings.authority}/nfc/${this.id}/${disk.fileName}`),
      sslThumbprint: str(this.#settings.sslThumbprint),
      disk: bool(true),
      targetId: str(`disk-${index}.vmdk`),
      fileSize: undefined,
    });
  }
}

function invalidState(state: LeaseState): VimFault {
  return new VimFault(
    'InvalidState',
    `The operation is not allowed in the current state: the lease is ${state}.`,
  );
}
