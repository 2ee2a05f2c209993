import type { Call } from '../http/service.ts';

/** The views that fit the query; a filter given twice means either. */
export function matching<T extends Record<string, unknown>>(
  call: Call,
  views: readonly T[],
  filters: readonly string[],
): T[] {
  return views.filter((view) =>
    filters.every((name) => !call.query.has(name) || call.query.getAll(name).includes(String(view[name]))),
  );
}
