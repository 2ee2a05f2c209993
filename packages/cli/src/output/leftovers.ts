import type { ReapResult } from '@guts/contract';
import { drawTable, printable } from './table.ts';

interface Found {
  readonly side: string;
  readonly endpoint: { readonly name: string };
  readonly leftovers: ReapResult['leftovers'];
  readonly failure: string | null;
}

/** Leftovers of several places as one table, then what could not be looked at. "Nothing" only where that was seen. */
export function drawLeftovers(found: readonly Found[]): string {
  const rows = found.flatMap(({ side, endpoint, leftovers }) =>
    leftovers.map((one) => [
      `${side} ${endpoint.name}`,
      one.kind,
      one.external_id,
      one.name ?? '-',
      one.migration_id === '' ? '-' : one.migration_id,
      one.why,
      one.error === null ? one.outcome : `${one.outcome}: ${one.error}`,
    ]),
  );
  const lines =
    rows.length === 0
      ? []
      : [drawTable(['Where', 'Kind', 'ID', 'Name', 'Migration', 'Why', 'Outcome'], rows)];
  for (const { side, endpoint, leftovers, failure } of found) {
    const name = printable(`${side} "${endpoint.name}"`);
    if (failure !== null) lines.push(`${name}: could not be looked at: ${printable(failure)}`);
    else if (leftovers.length === 0) lines.push(`${name}: nothing is left over`);
  }
  return lines.join('\n');
}
