import type { Report } from '@guts/contract';
import { expect, test } from 'vitest';
import { reportText } from './report.ts';

const report: Report = {
  migration_id: 'm1',
  instance: 'web\u001b[2J',
  status: 'completed',
  summary: 'completed, verified (1 disk), boot: proven',
  verified: true,
  bytes_total: 2 ** 30,
  bytes_read: 2 ** 20,
  bytes_written: 2 ** 20,
  duration_seconds: 75,
  downtime_seconds: 60,
  boot: { proven: true, by: 'console', evidence: 'login:' },
  server_id: 's-1',
  findings: [
    { severity: 'warning', code: 'x', message: 'look out', remedy: 'Duck.' },
    { severity: 'information', code: 'y', message: 'by the way' },
  ],
  disks: [
    {
      key: '2000',
      label: 'Hard disk 1',
      capacity_bytes: 2 ** 30,
      bytes_read: 2 ** 20,
      transport: 'lease',
      verification: {
        method: 'chunks',
        matches: true,
        bytes_checked: 2 ** 30,
        sampled: false,
        bytes_repaired: 0,
        detail: 'every chunk is equal',
      },
    },
  ],
  steps: [],
  artifacts: [],
};

test('a report says it in its first line, and moves nobody’s cursor', () => {
  const lines = reportText(report).split('\n');
  expect(lines[0]).toBe(String.raw`web\x1b[2J: completed, verified (1 disk), boot: proven in 1m15s`);
  expect(lines).toContain('  Hard disk 1: 1.0 GiB, 1.0 MiB read by lease; verified (every chunk is equal)');
  expect(lines).toContain('  warning: look out. Duck.');
  expect(lines.join('\n')).not.toContain('by the way');
});

test('a difference is not to be overlooked', () => {
  const [disk] = report.disks;
  const verification = {
    method: 'chunks' as const,
    matches: false,
    bytes_checked: 1,
    sampled: false,
    bytes_repaired: 0,
    detail: 'differs at 0+1',
  };
  const bad = reportText({ ...report, disks: [{ ...disk!, verification }] });
  expect(bad).toContain('DIFFERS (differs at 0+1)');
});
