const DAY = 24 * 60 * 60;

/**
 * What stands below the lines of a time axis, in the browser's own order and zone: the clock, and the day where one
 * begins; the day alone when lines are days apart.
 * @param splits moments of the lines; seconds since 1970
 * @param step between two lines; seconds
 */
export function timeLabels(splits: readonly number[], step: number, locale?: string): string[] {
  const day = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' });
  const clock = new Intl.DateTimeFormat(locale, {
    hour: '2-digit',
    minute: '2-digit',
    ...(step < 60 ? { second: '2-digit' } : {}),
  });
  let before: string | null = null;
  return splits.map((at) => {
    const moment = at * 1000;
    const today = day.format(moment);
    const begins = today !== before;
    before = today;
    if (step >= DAY) return today;
    return begins ? `${clock.format(moment)}\n${today}` : clock.format(moment);
  });
}
