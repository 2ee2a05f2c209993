import type { HealthReport } from '@guts/contract';
import { printable } from './table.ts';
import { formatSeconds } from './units.ts';

function counted(counts: Readonly<Record<string, number>>): string {
  const some = Object.entries(counts).filter(([, count]) => count > 0);
  return some.length === 0 ? 'none' : some.map(([status, count]) => `${count} ${status}`).join(', ');
}

/** A health report for people: the verdict, what it rests on, then each problem with what to do. */
export function healthText(report: HealthReport): string {
  const { database, bus } = report;
  const oldest = bus.outbox_oldest_seconds;
  const waiting =
    bus.outbox_pending === 0 || oldest === null
      ? 'nothing waits to be sent'
      : `${bus.outbox_pending} messages wait to be sent, the oldest for ${formatSeconds(oldest)}`;
  const schema =
    database.pending.length === 0 ? 'schema current' : `schema lacks ${database.pending.join(', ')}`;
  const lines = [
    `status: ${report.status} (guts-api ${report.version})`,
    `database: answers in ${database.latency_ms} ms, ${schema}`,
    `bus: ${bus.kind}, ${bus.connected ? 'connected' : `away since ${bus.since}`}; ${waiting}`,
    ...report.services.map(
      ({ binary, alive, dead, disabled }) =>
        `${binary}: ${alive} alive${disabled > 0 ? ` (${disabled} disabled)` : ''}${dead > 0 ? `, ${dead} dead` : ''}`,
    ),
    `migrations: ${counted(report.migrations)}`,
    `operations: ${counted(report.operations)}`,
    ...report.problems.map(({ message, remedy }) => `problem: ${message}\n  ${remedy}`),
  ];
  return lines
    .flatMap((line) => line.split('\n'))
    .map(printable)
    .join('\n');
}
