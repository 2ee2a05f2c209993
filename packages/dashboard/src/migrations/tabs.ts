export const TABS = ['progress', 'report', 'events', 'artifacts', 'settings'] as const;
export type Tab = (typeof TABS)[number];
export interface TabSearch {
  readonly tab?: Tab;
}

export function readTab(search: Record<string, unknown>): TabSearch {
  const tab = TABS.find((one) => one === search['tab']);
  return tab === undefined ? {} : { tab };
}
