import {
  demandOf,
  type Finding,
  GutsError,
  type Instance,
  resolveTarget,
  type TransportName,
} from '@guts/core';
import type { PreflightOutput, StepContext, StepResult } from '../context.ts';

const isBlocker = (finding: Finding): boolean => finding.severity === 'blocker';

/** Ranges beat a stream where they can be had: they skip holes and run in parallel. */
async function chooseTransport(
  context: StepContext,
  instance: Instance,
): Promise<{ transport: TransportName; findings: readonly Finding[] }> {
  const { source, migration, signal } = context;
  const wanted = migration.spec.transport;
  if (wanted !== 'auto')
    return { transport: wanted, findings: await source.checkTransport(instance, wanted, signal) };
  const ranged = await source.checkTransport(instance, 'datastore', signal);
  if (!ranged.some(isBlocker)) return { transport: 'datastore', findings: ranged };
  return { transport: 'lease', findings: await source.checkTransport(instance, 'lease', signal) };
}

export async function preflight(context: StepContext): Promise<StepResult> {
  const { source, destination, migration, journal, signal } = context;
  const instance = await source.inspect(migration.instanceRef, signal);
  const facts = await destination.facts(signal);
  const chosen = await chooseTransport(context, instance);
  const resolved = resolveTarget(instance, migration.spec, facts, chosen.transport);
  const findings = [...resolved.findings, ...chosen.findings];
  for (const finding of findings) {
    const severity = finding.severity === 'blocker' ? 'error' : finding.severity;
    const remedy = finding.remedy ? ` ${finding.remedy}` : '';
    await journal.note('preflight.finding', `${finding.message}.${remedy}`, severity);
  }
  const blockers = findings.filter(isBlocker);
  const [first] = blockers;
  if (first || !resolved.plan) {
    const rest = blockers.length > 1 ? ` (and ${blockers.length - 1} more)` : '';
    throw new GutsError('preflight_blocked', `${first?.message ?? 'no plan could be made'}${rest}`, {
      ...(first?.remedy === undefined ? {} : { remedy: first.remedy }),
      details: { findings },
    });
  }
  const { plan } = resolved;
  await journal.putDisks(
    plan.disks.map((disk) => ({
      migrationId: migration.id,
      diskKey: disk.key,
      objectId: disk.objectId,
      label: disk.label,
      capacityBytes: disk.capacityBytes,
      bytesDone: 0,
      bytesTotal: disk.capacityBytes,
      bytesRead: 0,
      bytesWritten: 0,
      bytesPerSecond: null,
      etaSeconds: null,
      state: 'waiting',
    })),
  );
  const moved = plan.disks.map((disk) => disk.key);
  await journal.setDemand(demandOf(instance, moved));
  const output: PreflightOutput = { instance, plan, findings };
  const warnings = findings.filter((finding) => finding.severity === 'warning').length;
  const note = `flavor ${plan.flavor.name}, transport ${plan.transport}, ${plan.disks.length} disks, ${plan.nics.length} NICs, ${warnings} warnings`;
  return { status: 'done', output, note };
}
