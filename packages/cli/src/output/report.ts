import type { Report } from '@guts/contract';
import { printable } from './table.ts';
import { formatBytes, formatSeconds } from './units.ts';

/** A migration's report for people: one line that says it, then the details. */
export function reportText(report: Report): string {
  const duration = report.duration_seconds === null ? '' : ` in ${formatSeconds(report.duration_seconds)}`;
  const lines = [`${printable(report.instance)}: ${report.summary}${duration}`];
  for (const disk of report.disks) {
    const { verification } = disk;
    const proof = verification
      ? `${verification.matches ? 'verified' : 'DIFFERS'} (${verification.detail})`
      : 'not verified';
    const how = disk.transport === null ? '' : ` by ${disk.transport}`;
    lines.push(
      `  ${printable(disk.label)}: ${formatBytes(disk.capacity_bytes)}, ${formatBytes(disk.bytes_read)} read${how}; ${proof}`,
    );
  }
  if (report.boot)
    lines.push(`  boot: ${report.boot.proven ? 'proven' : 'not proven'}: ${printable(report.boot.evidence)}`);
  if (report.server_id !== null) lines.push(`  server: ${report.server_id}`);
  if (report.downtime_seconds !== null) lines.push(`  downtime: ${formatSeconds(report.downtime_seconds)}`);
  for (const finding of report.findings)
    if (finding.severity !== 'information')
      lines.push(
        `  ${finding.severity}: ${printable(finding.message)}${finding.remedy ? `. ${printable(finding.remedy)}` : ''}`,
      );
  return lines.join('\n');
}
