import { type Check, failed, ok, warning } from './check.ts';

/** Fewer do not suffice for many disks and connections at once. */
const OPEN_FILES = 4096;
const OLDEST = [20, 20] as const;
const ADVISED = 24;

/** @param version as Node tells it: `v20.20.2` */
export function nodeVersion(version: string): Check {
  const subject = 'Node.js';
  return {
    subject,
    run: () => {
      const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
      const remedy = `Install Node.js ${ADVISED} (advised), or ${OLDEST.join('.')} or newer.`;
      if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))
        return Promise.resolve([failed(subject, `${version} is too old`, remedy)]);
      return Promise.resolve([ok(subject, version)]);
    },
  };
}

/** @param limits the text of `/proc/self/limits`; null where there is none (proc(5)) */
export function openFiles(limits: () => Promise<string | null>): Check {
  const subject = 'open files';
  return {
    subject,
    run: async () => {
      const text = await limits();
      const soft = /^Max open files +(\S+)/m.exec(text ?? '')?.[1];
      if (soft === undefined) return [ok(subject, 'this system does not tell its limit')];
      if (soft === 'unlimited' || Number(soft) >= OPEN_FILES) return [ok(subject, `at most ${soft}`)];
      const remedy = `Allow ${OPEN_FILES} or more: LimitNOFILE=${OPEN_FILES} in the unit, or ulimit -n ${OPEN_FILES}.`;
      return [warning(subject, `at most ${soft}, which many disks at once exceed`, remedy)];
    },
  };
}

/** Bytes that a conversion of one common disk takes. */
const SCRATCH_BYTES = 20 * 2 ** 30;

/** @param free bytes free below the folder; rejects when it is not there */
export function scratchSpace(
  folder: string,
  free: (folder: string) => Promise<number | null>,
  format: (bytes: number) => string,
): Check {
  const subject = 'disk space';
  return {
    subject,
    run: async () => {
      const bytes = await free(folder);
      if (bytes === null)
        return [ok(subject, `${folder} (scratch_dir) is not there yet; a worker makes it when it starts`)];
      const message = `${format(bytes)} free in ${folder} (scratch_dir)`;
      if (bytes >= SCRATCH_BYTES) return [ok(subject, message)];
      return [
        warning(
          subject,
          `${message}: little for conversions`,
          `Make room for ${format(SCRATCH_BYTES)} or more, or name another folder by scratch_dir.`,
        ),
      ];
    },
  };
}

/** @param has whether this host has the library */
export function libdeflate(has: () => Promise<boolean>): Check {
  const subject = 'libdeflate';
  return {
    subject,
    run: async () => {
      if (await has()) return [ok(subject, 'exports are inflated by it')];
      const remedy = 'Install it on every worker: apt install libdeflate0, or dnf install libdeflate.';
      return [
        warning(subject, 'is not installed; by it exports are inflated in about half the time', remedy),
      ];
    },
  };
}
