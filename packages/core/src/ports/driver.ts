import type { Finding } from '../preflight-finding.ts';

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
}

/** What checking a source or destination found. */
export interface ValidationReport {
  readonly product: string;
  readonly version: string;
  readonly findings: readonly Finding[];
}
