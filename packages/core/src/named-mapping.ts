import type { Mapping } from './migration.ts';

/** A mapping under a name, to be used by many migrations. */
export interface NamedMapping {
  readonly id: string;
  readonly projectId: string;
  readonly name: string;
  readonly description: string | null;
  readonly mapping: Mapping;
  readonly createdAt: string;
  readonly updatedAt: string;
}
