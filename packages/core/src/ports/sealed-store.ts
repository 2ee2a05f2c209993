/** What holds sealed texts. */
export const SEALED_TABLES = ['endpoints', 'idempotency_keys'] as const;
export type SealedTable = (typeof SEALED_TABLES)[number];

/** A sealed text where it lies. */
export interface SealedRow {
  readonly table: SealedTable;
  /** Which row of the table. */
  readonly key: readonly string[];
  /** What it was sealed for. */
  readonly context: string;
  /** For people. */
  readonly name: string;
  readonly sealed: string;
}

/** Everything sealed in the database, for those who look after keys. */
export interface SealedStore {
  /**
   * By their keys.
   * @param query.notBeginning only those that do not begin so
   * @param query.after the key of the last row of the page before: rows that come and go meanwhile move none out of
   *   sight; null: from the first
   */
  listSealed(
    table: SealedTable,
    query: {
      readonly notBeginning?: string;
      readonly after: SealedRow['key'] | null;
      readonly limit: number;
    },
  ): Promise<readonly SealedRow[]>;
  /** Unless it was changed meanwhile: false. Nothing else of the row changes. */
  replaceSealed(row: SealedRow, sealed: string): Promise<boolean>;
}
