/** What happened, in order. Written in the same transaction as the state; feeds streams, history and outbox. */
export interface GutsEvent {
  /** Grows by one per event in the database. */
  readonly sequence: number;
  readonly projectId: string;
  readonly resource: 'migration' | 'operation' | 'source' | 'destination' | 'service';
  readonly resourceId: string;
  /** Such as `migration.status`, `migration.step`, `artifact.created`. */
  readonly type: string;
  readonly severity: 'information' | 'warning' | 'error';
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly at: string;
}
export type NewEvent = Omit<GutsEvent, 'sequence' | 'at'>;
