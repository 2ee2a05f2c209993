import { type DiskPass, GutsError, type TargetDisk } from '@guts/core';
import { preflightOutput, type StepContext } from '../context.ts';

/** By disk key, what the source told of the disks' content. */
export type Contents = ReadonlyMap<string, string>;

/** What a pass stores of the content that it reads, before its first byte. */
export interface ReadContent {
  readonly content?: string;
}

/** What the planned disks hold now. */
export function readContents(context: StepContext): Promise<Contents> {
  const { source, migration, signal } = context;
  const { plan } = preflightOutput(context);
  const keys = plan.disks.map((disk) => disk.key);
  return source.readContentIds(migration.instanceRef, plan.transport, keys, signal);
}

function wasRead(pass: DiskPass | undefined, content: string | undefined): boolean {
  return content !== undefined && (pass?.manifest as ReadContent | undefined)?.content === content;
}

/**
 * Forgets what was copied of disks that were written since, or of which the source cannot tell: a machine that
 * somebody started and stopped again is off like one that never ran.
 */
export async function forgetWritten(
  { journal }: StepContext,
  disks: readonly TargetDisk[],
  contents: Contents,
  pass: number,
): Promise<void> {
  const passes = await journal.passes();
  for (const disk of disks) {
    const own = passes.find((one) => one.diskKey === disk.key && one.number === pass);
    const copied = own !== undefined && own.finishedAt !== null;
    if (!copied && (await journal.checkpoints(disk.key, pass)).length === 0) continue;
    if (wasRead(own, contents.get(disk.key))) continue;
    await journal.dropCheckpoints(disk.key);
    if (copied) await journal.putPass({ ...own, finishedAt: null, verification: null });
    const why = contents.has(disk.key)
      ? 'it was written at the source since it was copied'
      : 'the source cannot tell whether it was written since';
    await journal.note('transfer.read_anew', `${disk.label} is copied anew: ${why}`, 'warning');
  }
}

/** @throws GutsError `source_power`, transient: done again, the copy reads anew what was written */
export async function assertUnwritten(
  context: StepContext,
  disks: readonly TargetDisk[],
  contents: Contents,
): Promise<void> {
  const { source, migration, signal } = context;
  const state = await source.powerState(migration.instanceRef, signal);
  const now = await readContents(context);
  const written = disks.filter((disk) => now.get(disk.key) !== contents.get(disk.key));
  if (state === 'off' && written.length === 0) return;
  const what = written.map((disk) => disk.label).join(', ');
  throw new GutsError(
    'source_power',
    state === 'off'
      ? `the source was written while it was copied: ${what}`
      : `the source is ${state}: somebody started it while it was copied`,
    {
      transient: state === 'off',
      remedy:
        state === 'off'
          ? 'What was written is copied anew. Keep the source off until the migration has ended.'
          : 'Stop it and retry: what it wrote is copied anew.',
    },
  );
}

/**
 * Before the target is started: somebody may have started the source since it was copied, and stopped it again. A disk
 * whose content the source could not tell when it was copied is not looked at.
 * @throws GutsError `source_power`
 */
export async function assertAsCopied(context: StepContext): Promise<void> {
  const { plan } = preflightOutput(context);
  const copied = new Map<string, string | undefined>();
  for (const { diskKey, manifest } of await context.journal.passes())
    copied.set(diskKey, (manifest as ReadContent | null)?.content);
  const now = await readContents(context);
  const written = plan.disks.filter(({ key }) => {
    const then = copied.get(key);
    return then !== undefined && then !== now.get(key);
  });
  if (written.length === 0) return;
  const [unknown, known] = [false, true].map((told) =>
    written.filter(({ key }) => now.has(key) === told).map(({ label }) => label),
  );
  const what = [
    ...(known?.length ? [`it was written since it was copied: ${known.join(', ')}`] : []),
    ...(unknown?.length ? [`it cannot tell whether it was written: ${unknown.join(', ')}`] : []),
  ];
  throw new GutsError('source_power', `the source is not as it was copied: ${what.join('; ')}`, {
    remedy: 'Retry: these disks are copied anew. Keep the source off until the migration has ended.',
  });
}
