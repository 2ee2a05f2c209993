import { connect } from 'node:net';
import { type Finding, findingOf, GutsError, messageOf, VDDK_UNUSABLE } from '@guts/core';
import { askNbdkitPlugin, checkRunDir, NbdkitError, type NbdkitErrorCode } from '@guts/disk';
import type { LeaseHost } from './check-transport.ts';
import type { VddkOptions } from './disks/vddk.ts';

const PROBE_SECONDS = 10;
const OTHERWISE = 'Or use another transport (--transport datastore or lease).';
const REMEDIES: Readonly<Partial<Record<NbdkitErrorCode, string>>> = {
  nbdkit_missing: `Install nbdkit on every worker (apt install nbdkit, or dnf install nbdkit), or name it by nbdkit_path. ${OTHERWISE}`,
  nbdkit_no_plugin: `Install nbdkit's vddk plugin on every worker: apt install nbdkit-plugin-vddk (Debian 13 or newer, component contrib), or dnf install nbdkit-vddk-plugin. ${OTHERWISE}`,
  nbdkit_usage: `Choose a state_dir with a shorter path. ${OTHERWISE}`,
};

interface Obstacle {
  readonly message: string;
  readonly remedy: string;
}

/**
 * Why this worker cannot read by VDDK; null: nbdkit, its plugin and the library are there, and the library loads.
 * Nobody is contacted (nbdkit-vddk-plugin(1), DUMP-PLUGIN OUTPUT).
 */
export async function vddkObstacle(
  vddk: VddkOptions | undefined,
  signal: AbortSignal,
): Promise<Obstacle | null> {
  if (!vddk)
    return {
      message: 'this worker has no VDDK-compatible library: vddk_dir is not set',
      remedy: `Unpack one on every worker, and name its folder by vddk_dir (GUTS_VDDK_DIR); nbdkit and its vddk plugin must be there, too. ${OTHERWISE}`,
    };
  const { program, libraryDir } = vddk;
  const library = `Name the folder of a VDDK-compatible library for this machine by vddk_dir: the one whose lib64 has libvixDiskLib.so. ${OTHERWISE}`;
  try {
    checkRunDir(vddk.runDir);
    const facts = await askNbdkitPlugin(
      { program, plugin: 'vddk', parameters: [['libdir', libraryDir]] },
      vddk,
      signal,
    );
    if (facts.has('vddk_library_version')) return null;
    return { message: `${libraryDir} (vddk_dir) has no library that nbdkit can load`, remedy: library };
  } catch (error) {
    if (!(error instanceof NbdkitError)) throw error;
    return { message: messageOf(error), remedy: REMEDIES[error.code] ?? library };
  }
}

/** Null: somebody listens there. */
function whyNoAnswer(host: string, port: number, signal: AbortSignal): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const end = (why: string | null): void => {
      signal.removeEventListener('abort', aborted);
      socket.destroy();
      resolve(why);
    };
    const aborted = (): void => {
      socket.destroy();
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', aborted, { once: true });
    socket.setTimeout(PROBE_SECONDS * 1000, () => end(`no answer in ${PROBE_SECONDS} seconds`));
    socket.once('error', (error) => end(error.message));
    socket.once('connect', () => end(null));
  });
}

/**
 * What keeps an instance from being read by VDDK. Over a network the library gets data from the host itself, at the
 * port of its daemon (HostConfigSummary.port, mostly 902): it must answer from here.
 */
export async function checkVddk(
  vddk: VddkOptions | undefined,
  host: LeaseHost | null,
  signal: AbortSignal,
): Promise<Finding[]> {
  signal.throwIfAborted();
  const obstacle = await vddkObstacle(vddk, signal);
  if (obstacle) return [findingOf(VDDK_UNUSABLE, obstacle)];
  if (!host || !vddk?.modes.split(':').some((mode) => mode.startsWith('nbd'))) return [];
  const why = await whyNoAnswer(host.address, host.port, signal);
  if (why === null) return [];
  return [
    findingOf(VDDK_UNUSABLE, {
      message: `the ESXi host ${host.address}, which would send the disks, does not answer on port ${host.port}: ${why}`,
      remedy: `Let every worker reach the host on port ${host.port} (and resolve its name). ${OTHERWISE}`,
    }),
  ];
}

/** @throws GutsError `configuration` */
export function mustHaveVddk(vddk: VddkOptions | undefined): VddkOptions {
  if (vddk) return vddk;
  throw new GutsError('configuration', 'this worker has no VDDK-compatible library: vddk_dir is not set', {
    remedy:
      'Set vddk_dir alike on every worker: this migration was planned by one that has it. Or start it anew with another transport.',
  });
}
