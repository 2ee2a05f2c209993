/** Negative when the first is older. */
export function compareVersions(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split('.').map(Number);
  const [majorB = 0, minorB = 0] = b.split('.').map(Number);
  return majorA - majorB || minorA - minorB;
}

/**
 * The newest microversion that a version document offers (API guideline "Microversion Specification"); null: the
 * service has none. The field is called `version`, and is empty for versions without microversions.
 */
export function newestVersion(text: string): string | null {
  const offered = [...text.matchAll(/"version"\s*:\s*"(\d+\.\d+)"/g)].map((match) => match[1] ?? '');
  return offered.toSorted(compareVersions).at(-1) ?? null;
}
