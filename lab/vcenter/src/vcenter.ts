import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Collectors } from './collector/collectors.ts';
import { Retrievals } from './collector/retrieve.ts';
import { MachineControl } from './control.ts';
import { fingerprint, selfSigned } from './http/certificate.ts';
import { FaultList } from './http/injected.ts';
import { listen, portOf, stop } from './http/listener.ts';
import { PieceMemory } from './http/piece-memory.ts';
import { route } from './http/router.ts';
import type { Lease } from './lease.ts';
import { addMachine, BadMachine } from './machines.ts';
import { Inventory } from './model/inventory.ts';
import type { Machine } from './model/machine.ts';
import { World } from './model/world.ts';
import { addSingletons } from './singletons.ts';
import { settingsOf, type MachineSpec, type VCenterOptions } from './options.ts';
import { Sessions } from './sessions.ts';
import { Tasks } from './tasks.ts';
import { stateOf, type VCenterState } from './state.ts';
import type { Vim } from './vim.ts';

/** A running fake vCenter with one fake ESXi host. */
export interface VCenter {
  /** `https://host:port` */
  readonly url: string;
  readonly esxiUrl: string;
  readonly username: string;
  readonly password: string;
  /** Upper-case hexadecimal pairs with colons. */
  readonly fingerprintSha256: string;
  readonly fingerprintSha1: string;
  readonly esxiFingerprintSha1: string;
  readonly esxiFingerprintSha256: string;
  readonly certificatePem: string;
  readonly esxiCertificatePem: string;
  readonly stateDir: string;
  readonly faults: FaultList;
  /** Live sessions. */
  readonly sessions: number;
  /** Results of RetrievePropertiesEx neither read to the end nor cancelled. */
  readonly pendingRetrievals: number;
  readonly leases: readonly {
    readonly id: string;
    readonly state: string;
    readonly progress: number;
    expire(): void;
  }[];
  readonly machines: readonly MachineControl[];
  /** Everything that a client can leave behind: the administrator's view. */
  state(): VCenterState;
  /** A machine by its name. @throws BadMachine */
  machine(name: string): MachineControl;
  addMachine(spec: MachineSpec): Promise<MachineControl>;
  removeMachine(name: string): Promise<void>;
  rename(name: string, newName: string): void;
  /** Ends every session, as an idle timeout does. */
  expireSessions(): void;
  close(): Promise<void>;
}

/** Starts a fake vCenter and waits until it answers. */
export async function startVCenter(options: VCenterOptions = {}): Promise<VCenter> {
  const ownDir = options.stateDir === undefined;
  const stateDir = options.stateDir ?? (await mkdtemp(join(tmpdir(), 'fake-vcenter-')));
  await mkdir(stateDir, { recursive: true });
  const settings = settingsOf(options, stateDir);
  const [pem, esxiPem] = await Promise.all([
    options.certificates?.vcenter ?? selfSigned('fake vCenter', settings.host),
    options.certificates?.esxi ?? selfSigned('fake ESXi', settings.host),
  ]);
  const faults = new FaultList();
  const closing = new AbortController();
  let vim: Vim | undefined;
  const handler =
    (listener: 'vcenter' | 'esxi') =>
    async (...[request, reply]: Parameters<Parameters<typeof listen>[3]>): Promise<void> => {
      if (vim === undefined) return void reply.writeHead(503).end();
      await route(vim, faults, listener, request, reply);
    };
  const server = await listen(pem, settings.host, settings.port, handler('vcenter'));
  const esxi = await listen(esxiPem, settings.host, settings.esxiPort, handler('esxi'));
  const closeAll = async (): Promise<void> => {
    closing.abort();
    await Promise.all([stop(server), stop(esxi)]);
    await vim?.tasks.close();
    vim?.collectors.close();
    for (const lease of vim?.leases.values() ?? []) lease.close();
    for (const machine of vim?.machines.values() ?? [])
      for (const disk of machine.disks) await disk.disk.close();
    if (ownDir) await rm(stateDir, { recursive: true, force: true });
  };
  try {
    vim = build(settings, faults, portOf(esxi), fingerprint(esxiPem.cert, 'sha1'), closing.signal);
    for (const spec of options.machines ?? []) await addMachine(vim, spec);
    for (let n = 1; n <= (options.extraMachines ?? 0); n += 1) await addMachine(vim, extra(n, settings));
  } catch (error) {
    await closeAll();
    throw error;
  }
  return handle(vim, faults, {
    url: `https://${settings.host}:${portOf(server)}`,
    esxiUrl: `https://${settings.host}:${portOf(esxi)}`,
    certificatePem: pem.cert,
    esxiCertificatePem: esxiPem.cert,
    closeAll,
  });
}

function build(
  settings: Vim['settings'],
  faults: FaultList,
  esxiPort: number,
  esxiSha1: string,
  closing: AbortSignal,
): Vim {
  const inventory = new Inventory(settings.hiddenProperties);
  const machines = new Map<string, Machine>();
  const collectors = new Collectors(inventory);
  const sessions = new Sessions(settings, (session) => {
    collectors.endSession(session.key);
    for (const ref of session.owned) inventory.remove(ref);
  });
  const world = new World(
    inventory,
    settings,
    { name: settings.host, port: esxiPort, sslThumbprint: settings.hostThumbprint || esxiSha1 },
    () => [...machines.values()].map((m) => m.ref),
  );
  const vim: Vim = {
    settings,
    inventory,
    world,
    sessions,
    tasks: new Tasks(inventory, faults, settings),
    retrievals: new Retrievals(inventory),
    collectors,
    machines,
    leases: new Map<string, Lease>(),
    leaseSettings: {
      timeoutSeconds: settings.leaseTimeoutSeconds,
      readyMs: settings.leaseReadyMs,
      authority: settings.leaseHost === 'star' ? `*:${esxiPort}` : `${settings.host}:${esxiPort}`,
      sslThumbprint: esxiSha1,
    },
    pieces: new PieceMemory(),
    closing,
  };
  addSingletons(vim);
  return vim;
}

function extra(n: number, settings: Vim['settings']): MachineSpec {
  const hex = n.toString(16).padStart(6, '0');
  const network = settings.networks[0]?.name;
  return {
    name: `extra-${String(n).padStart(5, '0')}`,
    folder: [`batch-${Math.floor((n - 1) / 500)}`],
    nics:
      network === undefined
        ? []
        : [{ mac: `00:50:56:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4)}`, network }],
  };
}

function handle(
  vim: Vim,
  faults: FaultList,
  at: {
    url: string;
    esxiUrl: string;
    certificatePem: string;
    esxiCertificatePem: string;
    closeAll: () => Promise<void>;
  },
): VCenter {
  const machine = (name: string): MachineControl => {
    for (const found of vim.machines.values()) if (found.name === name) return new MachineControl(vim, found);
    throw new BadMachine(`The fake vCenter has no machine "${name}".`);
  };
  return {
    url: at.url,
    esxiUrl: at.esxiUrl,
    username: vim.settings.username,
    password: vim.settings.password,
    fingerprintSha256: fingerprint(at.certificatePem, 'sha256'),
    fingerprintSha1: fingerprint(at.certificatePem, 'sha1'),
    esxiFingerprintSha1: fingerprint(at.esxiCertificatePem, 'sha1'),
    esxiFingerprintSha256: fingerprint(at.esxiCertificatePem, 'sha256'),
    certificatePem: at.certificatePem,
    esxiCertificatePem: at.esxiCertificatePem,
    stateDir: vim.settings.stateDir,
    faults,
    get sessions() {
      return vim.sessions.count;
    },
    get pendingRetrievals() {
      return vim.retrievals.pending;
    },
    get leases() {
      return [...vim.leases.values()].map((lease) => ({
        id: lease.ref.id,
        state: lease.state,
        progress: lease.progress,
        expire: () => lease.expire(),
      }));
    },
    get machines() {
      return [...vim.machines.values()].map((m) => new MachineControl(vim, m));
    },
    state: () => stateOf(vim),
    machine,
    addMachine: async (spec) => new MachineControl(vim, await addMachine(vim, spec)),
    removeMachine: (name) => machine(name).remove(),
    rename: (name, newName) => machine(name).rename(newName),
    expireSessions: () => vim.sessions.endAll(),
    close: at.closeAll,
  };
}
