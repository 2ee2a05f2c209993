import type { Migration, Trace } from '@guts/contract';
import { printable } from './table.ts';

const NUMBER = new Intl.NumberFormat('en', { maximumFractionDigits: 3, useGrouping: false });

function traceLines({ filters, weights, limit }: Trace): string[] {
  const width = Math.max(0, ...filters.map(({ name }) => name.length));
  const lines = filters.map(({ name, left, reason }) => {
    const workers = `${left} worker${left === 1 ? '' : 's'} left`;
    return `  ${name.padEnd(width)}  ${workers}${reason === null ? '' : `: ${reason}`}`;
  });
  if (limit) {
    const { resource, used, wanted, limit: most } = limit;
    const [had, asked, all] = [used, wanted, most].map((one) => NUMBER.format(one));
    lines.push(`  no room: ${resource}: ${had} of ${all} taken, ${asked} wanted`);
  }
  if (weights.length > 0) {
    const best = weights.map(({ worker_id: id, weight }) => `${id} (${NUMBER.format(weight)})`);
    lines.push(`  best workers: ${best.join(', ')}`);
  }
  return lines;
}

/** Why a migration waits, or how it got its worker; empty when the scheduler has not looked at it. */
export function traceText(migration: Migration): string {
  const { trace, status, worker_id: worker, reason, queued_at: since } = migration;
  const waits = worker === null && ['queued', 'cancelling', 'reverting', 'committing'].includes(status);
  if (!waits && !trace) return '';
  const head = waits
    ? `waits: ${reason ?? 'the scheduler has not looked at it yet'} (since ${since})`
    : 'how it was scheduled last:';
  return [head, ...(trace ? traceLines(trace) : [])].map(printable).join('\n');
}
