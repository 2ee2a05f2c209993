import { expect, test } from 'vitest';
import { ProgressDisplay } from './board.ts';
import type { DiskLine } from './board-lines.ts';

function sink(isTTY: boolean) {
  let text = '';
  return { isTTY, columns: 200, write: (more: string) => (text += more), text: () => text };
}
const disk = (bytesDone: number, state: string): DiskLine => ({
  label: 'Hard disk 1',
  state,
  bytesDone,
  bytesTotal: 1000,
  bytesPerSecond: 10,
  etaSeconds: 5,
});

test('piped: plain lines, one per tenth or change of state, no control characters', () => {
  const out = sink(false);
  const display = new ProgressDisplay(out);
  for (let done = 0; done <= 1000; done += 10)
    display.show([
      { name: 'web', state: 'running', disks: [disk(done, done < 1000 ? 'copying' : 'copied')] },
    ]);
  display.line('web: done\u001b[2J');
  expect(out.text()).not.toContain('\u001b');
  expect(out.text().trim().split('\n')).toHaveLength(12);
});

test('on a terminal the block is redrawn in place and lines scroll above it', () => {
  const out = sink(true);
  const display = new ProgressDisplay(out);
  display.show([{ name: 'web', state: 'running', disks: [disk(500, 'copying')] }]);
  expect(out.text()).toContain('[############............]  50%');
  display.line('step done');
  expect(out.text().endsWith('\u001b[2A\u001b[Jstep done\n')).toBe(true);
});
