/** Between rows and records. */

export function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
export function isoOrNull(milliseconds: number | null): string | null {
  return milliseconds === null ? null : iso(milliseconds);
}
export function json(value: unknown): string {
  return JSON.stringify(value ?? null);
}
export function jsonOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}
/** What this package wrote itself, so that its type is known. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names what it wrote
export function parse<T>(text: string): T {
  return JSON.parse(text) as T;
}
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names what it wrote
export function parseOrNull<T>(text: string | null): T | null {
  return text === null ? null : (JSON.parse(text) as T);
}
/** For `like`: what a person typed is not a pattern. Use with `escape '!'`, which means the same in every database. */
export function likePattern(text: string): string {
  return `%${text.toLowerCase().replaceAll(/[!%_]/g, (character) => `!${character}`)}%`;
}
