import type { NewEvent } from '../event.ts';
import type { MappingQuery } from '../lists.ts';
import type { NamedMapping } from '../named-mapping.ts';
import type { ProjectScope } from './store.ts';

/** What a migration used of one is kept with the migration: a change or deletion touches none that is there. */
export interface MappingStore {
  /** @throws GutsError `conflict` when the project has that name already */
  createMapping(
    mapping: Omit<NamedMapping, 'createdAt' | 'updatedAt'>,
    event: NewEvent,
  ): Promise<NamedMapping>;
  /** By its id. */
  getMapping(id: string, scope: ProjectScope): Promise<NamedMapping | null>;
  listMappings(scope: ProjectScope, query: MappingQuery): Promise<readonly NamedMapping[]>;
  /** @throws GutsError `not_found`, `conflict` */
  updateMapping(
    id: string,
    change: Partial<Pick<NamedMapping, 'name' | 'description' | 'mapping'>>,
    event: NewEvent,
  ): Promise<NamedMapping>;
  /** @throws GutsError `not_found` */
  deleteMapping(id: string, event: NewEvent): Promise<void>;
}
