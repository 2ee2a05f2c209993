import { expect, test } from 'vitest';
import { boardLines, type BoardView, type DiskLine } from './board-lines.ts';
import { displayWidth } from './table.ts';

const MIB = 2 ** 20;
const disk = (label: string, more: Partial<DiskLine> = {}): DiskLine => ({
  label,
  state: 'copying',
  bytesDone: MIB,
  bytesTotal: 2 * MIB,
  bytesPerSecond: MIB,
  etaSeconds: 1,
  ...more,
});
const view = (name: string, more: Partial<BoardView> = {}): BoardView => ({
  name,
  state: 'running: transfer',
  disks: [disk('Hard disk 1')],
  ...more,
});
const waiting = (name: string) =>
  view(name, {
    state: 'queued',
    disks: [disk('Hard disk 1', { bytesDone: 0, bytesPerSecond: null, etaSeconds: null })],
  });

test('where there is room each disk has a line, under each other', () => {
  const disks = [
    disk('Hard disk 1', { state: 'copied', bytesDone: 2 * MIB, bytesPerSecond: null, etaSeconds: null }),
    disk('Hard disk 10'),
  ];
  expect(boardLines([view('web', { disks })], 120, 20)).toEqual([
    'web  running: transfer',
    '  Hard disk 1   copied   [########################] 100%  2.0 MiB of 2.0 MiB',
    '  Hard disk 10  copying  [############............]  50%  1.0 MiB of 2.0 MiB  1.0 MiB/s  ETA 1s',
  ]);
});

test('of many each has a line, those that move first, and the sum is last', () => {
  const views = [waiting('z'), view('東京'), view('web-01'), view('new', { state: 'scheduled', disks: [] })];
  expect(boardLines(views, 80, 6)).toEqual([
    '東京    transfer   [#####.....]  50%  1.0 MiB/s  ETA 1s',
    'web-01  transfer   [#####.....]  50%  1.0 MiB/s  ETA 1s',
    'z       queued     [..........]   0%',
    'new     scheduled  ',
    '1 queued, 2 running, 1 scheduled   33% of 6.0 MiB  2.0 MiB/s  ETA 2s',
  ]);
});

test('what has no room is counted', () => {
  const lines = boardLines(
    Array.from({ length: 20 }, (_, at) => view(`vm-${at}`)),
    120,
    10,
  );
  expect(lines).toHaveLength(10);
  expect(lines.slice(-2)).toEqual([
    '… and 12 more; a higher terminal shows them',
    '20 running  [############............]  50%  20.0 MiB of 40.0 MiB  20.0 MiB/s  ETA 1s',
  ]);
});

test.for([20, 40, 79, 100, 199])(
  'no line takes more than %d columns, nor a name more than its part',
  (width) => {
    const long = '東京'.repeat(60);
    for (const rows of [3, 50])
      for (const line of boardLines(
        [view(long), view('b', { disks: [disk(long)] }), waiting('c')],
        width,
        rows,
      ))
        expect(displayWidth(line)).toBeLessThanOrEqual(width);
  },
);
