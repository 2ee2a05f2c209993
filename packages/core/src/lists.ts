import type { OperationKind, OperationStatus } from './operation.ts';
import type { Status } from './states.ts';

/** Lists go page by page, by key: `marker` is the id of the last one of the page before. */
export interface PageQuery {
  readonly limit: number;
  readonly marker?: string;
}

/** By what a list is sorted; what is equal comes in the order of its creation. */
export interface Sort<K extends string> {
  readonly key: K;
  readonly descending: boolean;
}

/** Words of the API and columns of the store alike; `created_at` is the default everywhere but in an inventory. */
export const ENDPOINT_SORT_KEYS = ['created_at', 'updated_at', 'name', 'status'] as const;
export const MIGRATION_SORT_KEYS = ['created_at', 'updated_at', 'name', 'status', 'priority'] as const;
export const OPERATION_SORT_KEYS = ['created_at', 'updated_at', 'status'] as const;
export const AUDIT_SORT_KEYS = ['created_at'] as const;
export const MAPPING_SORT_KEYS = ['created_at', 'updated_at', 'name'] as const;
/** `name` without regard to case; what is equal comes by ref. */
export const INVENTORY_SORT_KEYS = ['ref', 'name'] as const;

type SortedBy<K extends readonly string[]> = PageQuery & { readonly sort?: Sort<K[number]> };

export interface EndpointQuery extends SortedBy<typeof ENDPOINT_SORT_KEYS> {
  readonly name?: string;
  readonly status?: readonly string[];
  readonly driver?: string;
}
export interface MigrationQuery extends SortedBy<typeof MIGRATION_SORT_KEYS> {
  readonly status?: readonly Status[];
  readonly name?: string;
  readonly sourceId?: string;
  readonly destinationId?: string;
  readonly planId?: string;
  /** Ref or name of the instance. */
  readonly instance?: string;
  /** ISO 8601. */
  readonly createdSince?: string;
  readonly updatedSince?: string;
}
export interface OperationQuery extends SortedBy<typeof OPERATION_SORT_KEYS> {
  readonly subjectId?: string;
  readonly status?: readonly OperationStatus[];
  readonly kind?: OperationKind;
}
export interface AuditQuery extends SortedBy<typeof AUDIT_SORT_KEYS> {
  readonly userId?: string;
  readonly action?: string;
  readonly resourceId?: string;
  readonly requestId?: string;
  /** ISO 8601; `until` is left out itself. */
  readonly since?: string;
  readonly until?: string;
}
export interface MappingQuery extends SortedBy<typeof MAPPING_SORT_KEYS> {
  readonly name?: string;
}
export interface InventoryQuery extends SortedBy<typeof INVENTORY_SORT_KEYS> {
  readonly name?: string;
  /** Part of the name or path, in either case. */
  readonly search?: string;
  /** Of instances only; each must hold. In either case. */
  readonly where?: Readonly<Partial<Record<Facet, string>>>;
}

/**
 * What instances are found by. `host`, `datastore`, `network`: ref or name; `folder`: a path, with all below it;
 * `guest`: kind of system (`linux`), id or name of the guest; `power`: `on`, `off`, `suspended`.
 */
export const FACETS = ['power', 'host', 'datastore', 'network', 'folder', 'guest'] as const;
export type Facet = (typeof FACETS)[number];
