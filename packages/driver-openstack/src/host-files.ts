import { readFile } from 'node:fs/promises';
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os';
import { join } from 'node:path';
import { Brick } from './brick/brick.ts';
import { BrickRecords } from './brick/records.ts';
import { BrickVolumes } from './brick/volumes.ts';
import { NfsMounts } from './nfs/mounts.ts';
import { workerServer, type WorkerServer } from './server/worker-server.ts';
import { rootRunner } from './root-runner.ts';

/** Which files of this worker's host a cloud may name as its volumes, beside those of NFS shares that are mounted. */
export interface HostFiles {
  /** Folders below which volumes are taken wherever they lie. */
  readonly volumeRoots: readonly string[];
  /** Folders below which no volume is ever taken: GUTS's own state. */
  readonly forbidden: readonly string[];
  /** The text of /proc/self/mountinfo. */
  readonly mountInfo: () => Promise<string>;
  /** Shares that this worker mounts itself; null: none. */
  readonly mounts: NfsMounts | null;
  /** Volumes that os-brick makes devices of this host; null: none. */
  readonly brick: BrickVolumes | null;
  /** The server of a cloud that this worker runs in. */
  readonly server: WorkerServer;
}

/** What of a worker's host a cloud may have used for its volumes. */
export interface HostOptions {
  readonly volumeRoots: readonly string[];
  /** GUTS's own: no volume lies there, but shares are mounted below it. */
  readonly stateDir: string;
  /** NFS shares that may be mounted because a cloud names them; `*`: any. */
  readonly nfsShares?: readonly string[];
  /** What is put before commands that need root, such as `sudo -n`. */
  readonly rootHelper?: readonly string[];
  /** Python that has os-brick; null: volumes are attached as NFS files alone. */
  readonly brickPython?: string | null;
  /** Id of the server that this worker runs in; null: it is looked for. */
  readonly serverId?: string | null;
  /** Its project, by id or name; null: as the metadata service says. */
  readonly serverProject?: string | null;
}

export function hostFiles({
  volumeRoots,
  stateDir,
  nfsShares = [],
  rootHelper = [],
  brickPython = null,
  serverId = null,
  serverProject = null,
}: HostOptions): HostFiles {
  const mountInfo = (): Promise<string> => readFile('/proc/self/mountinfo', 'utf8');
  const run = rootRunner(rootHelper);
  const folder = join(stateDir, 'mnt');
  return {
    volumeRoots,
    forbidden: [stateDir],
    mountInfo,
    mounts: nfsShares.length === 0 ? null : new NfsMounts({ shares: nfsShares, folder, run, mountInfo }),
    server: workerServer({ serverId, project: serverProject }),
    brick:
      brickPython === null
        ? null
        : new BrickVolumes({
            brick: new Brick({
              python: brickPython,
              rootHelper,
              lockPath: join(stateDir, 'brick', 'locks'),
            }),
            records: new BrickRecords(join(stateDir, 'brick')),
            ip: ownAddress(networkInterfaces()),
          }),
  };
}

/** The first address by which others reach this host; some storage exports volumes to it. */
function ownAddress(all: NodeJS.Dict<NetworkInterfaceInfo[]>): string {
  const outer = Object.values(all).flatMap((list) => (list ?? []).filter(({ internal }) => !internal));
  return (outer.find(({ family }) => family === 'IPv4') ?? outer[0])?.address ?? '127.0.0.1';
}
