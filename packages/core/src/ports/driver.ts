import type { TransportName } from '../migration.ts';
import type { Finding } from '../preflight/finding.ts';
import type { Log } from './log.ts';

/** A JSON Schema object. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Settings are shown to people; the secret never is. Both are JSON objects that the driver's schemas describe. */
export interface EndpointConfig {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly secret: Readonly<Record<string, unknown>>;
}

export interface DriverSchemas {
  readonly name: string;
  readonly side: 'source' | 'destination';
  readonly title: string;
  readonly settings: JsonSchema;
  readonly secret: JsonSchema;
  /** Of a source's driver: the transports that this worker has what they need for; default all. */
  readonly transports?: readonly TransportName[];
}

/** What a driver connects with. */
export interface ConnectContext {
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Called before each request, also one in the middle of a call: throws when nothing may be sent any more. */
  readonly check?: () => void;
  /** Told what is waited for and why, in words for people; again now and then while it lasts. */
  readonly onWait?: (why: string) => void;
}

/** What checking a source or destination found. */
export interface ValidationReport {
  readonly product: string;
  readonly version: string;
  readonly findings: readonly Finding[];
}
