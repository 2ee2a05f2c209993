import { mayMove, STATUSES } from '@guts/core';
import { describe, expect, test } from 'vitest';
import { statesDrawing } from './states-drawing.ts';
import { layout, order } from './states-layout.ts';
import { statesPage } from './states-page.ts';

test('docs/states.md is what the code says (vitest --update=all writes it anew)', async () => {
  await expect(statesPage()).toMatchFileSnapshot('../../../docs/states.md');
});
test('docs/states.svg is what the code says', async () => {
  await expect(statesDrawing()).toMatchFileSnapshot('../../../docs/states.svg');
});

describe('the drawing', () => {
  const { boxes, lanes, straight } = layout();
  test('has every status once, from the first on', () => {
    expect(order().toSorted()).toEqual(STATUSES.toSorted());
    expect(order()[0]).toBe('queued');
  });
  test('has every edge of the table once, and no other', () => {
    const drawn = [...lanes, ...straight].map(({ from, to }) => `${from} ${to}`);
    const wanted = STATUSES.flatMap((from) =>
      STATUSES.filter((to) => mayMove(from, to)).map((to) => `${from} ${to}`),
    );
    expect(drawn.toSorted()).toEqual(wanted.toSorted());
  });
  test('lets no two boxes nor two edges lie on each other', () => {
    for (const [at, box] of boxes.entries())
      expect(boxes[at + 1]?.top ?? Infinity).toBeGreaterThan(box.top + box.height);
    const range = ({ startY, endY }: (typeof lanes)[number]) =>
      [Math.min(startY, endY), Math.max(startY, endY)] as const;
    for (const [at, one] of lanes.entries())
      for (const two of lanes.slice(at + 1)) {
        if (one.side !== two.side || one.lane !== two.lane) continue;
        const [[low, high], [from, to]] = [range(one), range(two)];
        expect(high < from || to < low, `${one.from}>${one.to} and ${two.from}>${two.to}`).toBe(true);
      }
  });
});
