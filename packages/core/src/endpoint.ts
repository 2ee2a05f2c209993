/** The project that owns everything while there is no Keystone: embedded mode and the one-shot. */
export const PROJECT_LOCAL = 'local';
/** Owner of the audit lines of what is done outside of any project, with a token of the whole system. */
export const PROJECT_SYSTEM = 'system';

/** A source or a destination as stored: settings are shown, the secret is sealed and never leaves the worker. */
export type EndpointSide = 'source' | 'destination';

/** What checking it found. */
export const ENDPOINT_STATUSES = ['unknown', 'valid', 'invalid'] as const;

export interface Endpoint {
  readonly id: string;
  readonly projectId: string;
  readonly side: EndpointSide;
  readonly name: string;
  readonly driver: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly status: (typeof ENDPOINT_STATUSES)[number];
  readonly statusReason: string | null;
  /** The last validation report or facts; JSON. */
  readonly report: unknown;
  readonly validatedAt: string | null;
  /** When its inventory, or a destination's facts, were last read whole. */
  readonly refreshedAt: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}
