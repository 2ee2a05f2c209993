import type { InstanceRule, LiveRule } from '../rule.ts';
import { when } from '../rule.ts';

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;
function bytesText(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  const value = bytes / 1024 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[power] ?? 'B'}`;
}
function timeText(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

const predicted: InstanceRule = {
  id: 'transfer.predicted',
  title: 'How much is sent, and how long it takes',
  severities: ['information'],
  explanation:
    'Bytes: what the files of the machine take on their datastores (swap and snapshots counted in), at most the capacity of the disks that are moved; where the source does not tell it, their capacity. Time: of the copy alone, at the rate that was given, else at 100 MiB/s.',
  remedy: 'Remove snapshots and data that nobody needs, to send less.',
  needs: 'instance',
  check: ({ prediction: { capacityBytes, dataBytes, bytesPerSecond, assumed, seconds }, disks }) =>
    when(disks.length > 0 && capacityBytes > 0, () => ({
      message: `${dataBytes === null ? `at most ${bytesText(capacityBytes)} are sent (how much of it is data is not told)` : `about ${bytesText(dataBytes)} of ${bytesText(capacityBytes)} are sent`}, in about ${timeText(seconds)} at ${bytesText(bytesPerSecond)}/s (${assumed ? 'assumed' : 'as given'})`,
    })),
};

/** What drivers find out by asking: of the vSphere driver's lease the first two, then of its ranges, then of VDDK. */
export const HOST_UNREACHABLE: LiveRule = {
  id: 'host.unreachable',
  title: 'The host does not answer',
  severities: ['blocker'],
  explanation:
    'An export is sent by the ESXi host of the instance itself, which must answer where the worker runs.',
  remedy: 'Let the worker reach it on port 443 (and resolve its name), or use the datastore transport.',
  needs: 'source',
};
export const HOST_UNTRUSTED: LiveRule = {
  id: 'host.untrusted',
  title: 'The host is not the one that vCenter knows',
  severities: ['blocker'],
  explanation:
    'The certificate that the ESXi host shows is not the one whose fingerprint vCenter keeps: it was changed, or somebody stands between.',
  remedy:
    "Compare with the fingerprint on the host's own console. If it is the host's, disconnect and connect it again in vCenter, which then learns it; if not, somebody stands between. The datastore transport needs no host.",
  needs: 'source',
};
export const DATASTORE_UNREADABLE: LiveRule = {
  id: 'transport.datastore',
  title: 'A disk cannot be read from its datastore',
  severities: ['blocker'],
  explanation:
    'Ranges of a disk are read from the file on its datastore: that needs a datastore with files (VMFS, NFS), no snapshot, and the privileges to browse and read it.',
  remedy: 'Use the lease transport (--transport lease).',
  needs: 'source',
};

export const VDDK_UNUSABLE: LiveRule = {
  id: 'transport.vddk',
  title: 'Disks cannot be read by a VDDK library',
  severities: ['blocker'],
  explanation:
    'The vddk transport reads disks by nbdkit, its vddk plugin and a VDDK-compatible library, which the operator brings: all three must be on the worker. The library gets the data from the ESXi host of the instance, which must answer where the worker runs.',
  remedy: 'Use another transport (--transport datastore or lease), which need no library.',
  needs: 'source',
};

export const transferRules = [
  predicted,
  HOST_UNREACHABLE,
  HOST_UNTRUSTED,
  DATASTORE_UNREADABLE,
  VDDK_UNUSABLE,
] as const;
