import { join } from 'node:path';
import { milliseconds, PATH, PATHS, seconds, TEXT, VDDK_MODES, whole, WORDS } from '../kinds.ts';
import { DAEMONS, setting } from '../setting.ts';

/** A worker. */
export const worker = {
  slots: setting('slots', {
    kind: whole(1),
    initial: 4,
    unit: 'migrations',
    readBy: ['migration'],
    means: 'migrations that a worker runs at once',
  }),
  scratchDir: setting('scratch_dir', {
    kind: PATH,
    initial: ({ stateDir }) => join(stateDir, 'scratch'),
    initially: '`scratch` in `state_dir`',
    readBy: ['migration'],
    means: 'local space for conversions; a worker reports what is free there, at each heartbeat',
    example: '/var/lib/guts/scratch',
  }),
  bandwidthMiBPerSecond: setting('bandwidth_mib_per_second', {
    kind: whole(),
    initial: 0,
    unit: 'MiB/s',
    readBy: ['migration'],
    means:
      "bandwidth of a worker's host: of workers that are equally free, the one with more is chosen. 0 is not known",
  }),
  copyMemoryMiB: setting('copy_memory_mib', {
    kind: whole(16),
    initial: 128,
    unit: 'MiB',
    readBy: ['migration'],
    means:
      "buffers of all disks that a worker copies or verifies at once, of any size; each has at least a chunk's, 4 MiB, beside that",
  }),
  checkpointMiB: setting('checkpoint_mib', {
    kind: whole(1),
    initial: 256,
    unit: 'MiB',
    readBy: ['migration'],
    means: 'data of a disk between checkpoints: at most so much is copied again',
  }),
  volumeRoots: setting('volume_roots', {
    kind: PATHS,
    initial: [],
    initially: 'the NFS shares that are mounted',
    readBy: ['migration'],
    means: 'folders in which a cloud may name files as its volumes, beside the NFS shares that are mounted',
    example: '/srv/volumes',
  }),
  vddkDir: setting('vddk_dir', {
    kind: PATH,
    initial: null,
    initially: 'none: the transport `vddk` is refused',
    readBy: ['migration'],
    means:
      'folder of a VDDK-compatible library that you have (`libvixDiskLib.so` lies in its `lib64`), for the transport `vddk`; see [operations.md](operations.md)',
    example: '/opt/vmware-vix-disklib-distrib',
  }),
  vddkTransports: setting('vddk_transports', {
    kind: VDDK_MODES,
    initial: 'nbdssl',
    readBy: ['migration'],
    means:
      "how that library gets at data, the first wanted most: `nbdssl` is encrypted, `nbd` is not, `hotadd` and `san` need a worker that reaches the datastore's own storage",
  }),
  nbdkitPath: setting('nbdkit_path', {
    kind: TEXT,
    initial: 'nbdkit',
    readBy: ['migration'],
    means:
      'the program nbdkit, by which the transport `vddk` reads: a name that is looked for on the PATH, or a path',
    example: '/usr/bin/nbdkit',
  }),
  nfsShares: setting('nfs_shares', {
    kind: WORDS,
    initial: [],
    initially: 'none',
    readBy: ['migration'],
    means:
      'NFS shares, as in `server:/path`, that a worker mounts below `mnt` in `state_dir` when a volume lies on one that is not mounted; `*` is any that a cloud names',
    example: '10.0.0.5:/volumes',
  }),
  rootHelper: setting('root_helper', {
    kind: WORDS,
    initial: [],
    initially: 'none: as the user of the worker',
    readBy: ['migration'],
    means: 'what is put before commands that need root (`mount`, `umount`, os-brick), such as `sudo -n`',
    example: 'sudo -n',
  }),
  serverId: setting('server_id', {
    kind: TEXT,
    initial: null,
    initially: 'as the metadata service or cloud-init says',
    readBy: ['migration'],
    means:
      'id of the server that a worker runs in: volumes are attached to it where `volume_access` of a destination is `server`',
    example: '0f0e3c2a-5b7d-4c0e-9f57-2f1f6a1f9a10',
  }),
  serverProject: setting('server_project', {
    kind: TEXT,
    initial: null,
    initially: 'as the metadata service says',
    readBy: ['migration'],
    means:
      'project of that server, by id or name: volumes of other projects are lent to it while they are attached',
    example: 'migration',
  }),
  brickPython: setting('brick_python', {
    kind: PATH,
    initial: null,
    initially: 'none: only NFS shares',
    mustExist: true,
    readBy: ['migration'],
    means:
      'a Python that has os-brick, by which a worker attaches volumes of Ceph, iSCSI, Fibre Channel and NVMe-oF as block devices; it is run as root',
    example: '/usr/bin/python3',
  }),
};

/** Times that daemons keep. */
export const times = {
  leaseSeconds: setting('lease_seconds', {
    kind: seconds(1),
    initial: 60,
    unit: 'seconds',
    readBy: ['migration'],
    everywhere: true,
    means: 'how long a worker keeps a migration or an operation without renewing; it renews at a third',
  }),
  pollMilliseconds: setting('poll_milliseconds', {
    kind: milliseconds(1),
    initial: 2000,
    unit: 'milliseconds',
    readBy: DAEMONS,
    means: 'how often a daemon looks for work that no message announced',
  }),
  stopSeconds: setting('stop_seconds', {
    kind: seconds(),
    initial: 60,
    unit: 'seconds',
    readBy: ['migration'],
    means: 'how long a worker that stops waits for checkpoints, and for an undo to end',
  }),
  retrySeconds: setting('retry_seconds', {
    kind: seconds(),
    initial: 75,
    unit: 'seconds',
    readBy: ['migration'],
    means: 'how long a step that fails for a reason that passes is tried again, in growing pauses',
  }),
  aliveSeconds: setting('alive_seconds', {
    kind: seconds(1),
    initial: 30,
    unit: 'seconds',
    readBy: ['scheduler', 'migration'],
    everywhere: true,
    means: "how fresh a worker's heartbeat must be to be given work; a worker's comes three times as often",
  }),
  reservationSeconds: setting('reservation_seconds', {
    kind: seconds(1),
    initial: 60,
    unit: 'seconds',
    readBy: ['scheduler'],
    means: 'how long a worker has to take what was reserved for it',
  }),
};
