/** How much may happen at once. 0: no limit. Overrides win, by the resource's key such as `host:<source id>:<ref>`. */
export interface Limits {
  /** Disks copied at once from one ESXi host. */
  readonly hostStreams: number;
  /** Disks copied at once from one source: sessions of a vCenter. */
  readonly sourceStreams: number;
  readonly datastoreStreams: number;
  /** Migrations at once into one project of a destination. */
  readonly projectMigrations: number;
  readonly planMigrations: number;
  readonly overrides: Readonly<Record<string, number>>;
}

export const DEFAULT_LIMITS: Limits = {
  hostStreams: 10,
  sourceStreams: 64,
  datastoreStreams: 24,
  projectMigrations: 0,
  planMigrations: 0,
  overrides: {},
};
