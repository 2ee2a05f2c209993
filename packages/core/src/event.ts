/** What happened, in order. Written in the same transaction as the state; feeds streams, history and outbox. */
export interface GutsEvent {
  /** Grows by one per event in the database. */
  readonly sequence: number;
  readonly projectId: string;
  readonly resource: 'migration' | 'operation' | 'source' | 'destination' | 'service' | 'mapping';
  readonly resourceId: string;
  /** Such as `migration.status`, `migration.step`, `artifact.created`. */
  readonly type: string;
  readonly severity: 'information' | 'warning' | 'error';
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly at: string;
}
/** Who asked for a change: kept in the audit log. */
export interface AuditLine {
  readonly id: string;
  readonly projectId: string;
  readonly userId: string | null;
  readonly requestId: string;
  /** Such as `migration.create`. */
  readonly action: string;
  readonly resourceId: string | null;
  /** Never secrets. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** @property audit written with the event, in the transaction of the change, when a person asked for it */
export type NewEvent = Omit<GutsEvent, 'sequence' | 'at'> & { readonly audit?: AuditLine };
