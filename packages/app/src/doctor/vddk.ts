import { type Check, failed, ok } from './check.ts';

/** Why disks cannot be read by VDDK; null: they can, as far as can be seen here. */
export type AskVddk = (
  signal: AbortSignal,
) => Promise<{ readonly message: string; readonly remedy: string } | null>;

/** Of a worker that is told to have a VDDK-compatible library in that folder. */
export function vddkCheck(folder: string, ask: AskVddk): Check {
  const subject = 'VDDK';
  return {
    subject,
    run: async (signal) => {
      const obstacle = await ask(signal);
      if (obstacle) return [failed(subject, obstacle.message, obstacle.remedy)];
      return [ok(subject, `nbdkit has its plugin, which loads the library in ${folder} (vddk_dir)`)];
    },
  };
}
