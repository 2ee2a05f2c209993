import { type Check, ok, warning } from './check.ts';

/** A program of others that GUTS runs when it is there. */
interface Tool {
  readonly name: string;
  readonly use: string;
  readonly debian: string;
  readonly rpm: string;
}

const TOOLS: readonly Tool[] = [
  {
    name: 'virt-v2v-in-place',
    use: 'guests are converted (drivers for KVM); those that have them boot without',
    debian: 'virt-v2v',
    rpm: 'virt-v2v',
  },
  { name: 'nbdkit', use: 'disks are read by VDDK, where you have it', debian: 'nbdkit', rpm: 'nbdkit' },
  {
    name: 'qemu-nbd',
    use: 'volumes that are qcow2 files of an NFS share are filled directly (nfs_qcow2_volumes)',
    debian: 'qemu-utils',
    rpm: 'qemu-img',
  },
  { name: 'qemu-img', use: 'disks are converted on local space', debian: 'qemu-utils', rpm: 'qemu-img' },
];

/**
 * What a tool says of its version; null: it is not there.
 * @throws Error when it is there but does not run
 */
export type AskVersion = (name: string, signal: AbortSignal) => Promise<string | null>;

/** Each tool that some migrations need: its absence is no failure, for others go without. */
export const toolChecks = (ask: AskVersion): Check[] =>
  TOOLS.map(({ name, use, debian, rpm }) => ({
    subject: name,
    run: async (signal) => {
      const install = `Install it on every worker: apt install ${debian}, or dnf install ${rpm}.`;
      try {
        const version = await ask(name, signal);
        if (version !== null) return [ok(name, version)];
        return [warning(name, `is not installed; by it ${use}`, install)];
      } catch (error) {
        signal.throwIfAborted();
        return [warning(name, `does not run: ${(error as Error).message}; by it ${use}`, install)];
      }
    },
  }));
