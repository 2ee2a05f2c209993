import {
  counted,
  demandOf,
  type DiskProgress,
  GutsError,
  isBlocker,
  roomBeside,
  type TargetPlan,
} from '@guts/core';
import { examine } from '../examine.ts';
import type { PreflightOutput, StepContext, StepResult } from '../context.ts';
import { dropChanged, lastPreflight, withToldAddresses } from './earlier-attempt.ts';

/** Of a disk whose copy stands, what is shown of it stands, too. */
async function putRows({ journal, migration }: StepContext, plan: TargetPlan): Promise<void> {
  const rows = await journal.disks();
  const passes = await journal.passes();
  await journal.putDisks(
    plan.disks.map(({ key, objectId, label, capacityBytes }): DiskProgress => {
      const copied = passes.some((pass) => pass.diskKey === key && pass.finishedAt !== null);
      const row = rows.find(({ diskKey }) => diskKey === key);
      if (copied && row) return row;
      return {
        migrationId: migration.id,
        diskKey: key,
        objectId,
        label,
        capacityBytes,
        bytesDone: 0,
        bytesTotal: capacityBytes,
        bytesRead: 0,
        bytesWritten: 0,
        bytesPerSecond: null,
        etaSeconds: null,
        state: 'waiting',
      };
    }),
  );
}

/** Looks again at every retry: what an earlier attempt made is kept as far as the plan of now has a use for it. */
export async function preflight(context: StepContext): Promise<StepResult> {
  const { source, destination, migration, journal, signal } = context;
  const before = await lastPreflight(journal);
  const found = await source.inspect(migration.instanceRef, signal);
  const instance = withToldAddresses(found, before?.instance);
  const told = await destination.facts(signal);
  const facts = { ...told, quota: roomBeside(told.quota, await journal.artifacts(), told.flavors) };
  const { spec, mode, targetProject, id } = migration;
  const asked = { instance, spec, mode, targetProject, facts, migrationId: id };
  const { plan, findings } = await examine({ source, destination }, asked, signal);
  for (const finding of findings) {
    const severity = finding.severity === 'blocker' ? 'error' : finding.severity;
    const remedy = finding.remedy ? ` ${finding.remedy}` : '';
    await journal.note('preflight.finding', `${finding.message}.${remedy}`, severity);
  }
  const blockers = findings.filter(isBlocker);
  const [first] = blockers;
  if (first || !plan) {
    const rest = blockers.length > 1 ? ` (and ${blockers.length - 1} more)` : '';
    throw new GutsError('preflight_blocked', `${first?.message ?? 'no plan could be made'}${rest}`, {
      ...(first?.remedy === undefined ? {} : { remedy: first.remedy }),
      details: { findings },
    });
  }
  const kept = (await journal.liveArtifacts()).length > 0;
  if (before && kept) await dropChanged(context, before.plan, plan);
  await putRows(context, plan);
  const moved = plan.disks.map((disk) => disk.key);
  await journal.setDemand(demandOf(instance, plan.transport, moved));
  const output: PreflightOutput = { instance, plan, findings };
  const warnings = findings.filter((finding) => finding.severity === 'warning').length;
  const counts = [
    counted(plan.disks.length, 'disk'),
    counted(plan.nics.length, 'NIC'),
    counted(warnings, 'warning'),
  ];
  const note = [`flavor ${plan.flavor.name}`, `transport ${plan.transport}`, ...counts].join(', ');
  return { status: 'done', output, note };
}
