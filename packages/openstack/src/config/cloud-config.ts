import type { TlsTrust } from '../transport/http.ts';

/** Names in Keystone: by id, or by name within a domain. */
export interface DomainRef {
  readonly id?: string;
  readonly name?: string;
}
export interface ProjectRef {
  readonly id?: string;
  readonly name?: string;
  readonly domain: DomainRef;
}
export type CloudAuth =
  | {
      readonly type: 'password';
      readonly user: { readonly id?: string; readonly name?: string; readonly domain: DomainRef };
      readonly password: string;
    }
  | {
      readonly type: 'application_credential';
      readonly id?: string;
      readonly name?: string;
      readonly user?: { readonly id?: string; readonly name?: string; readonly domain: DomainRef };
      readonly secret: string;
    }
  | { readonly type: 'token'; readonly token: string };

export type EndpointInterface = 'public' | 'internal' | 'admin';

/** Everything needed to use one cloud. */
export interface CloudConfig {
  readonly authUrl: string;
  readonly auth: CloudAuth;
  /** Absent for application credentials, which are bound to one. */
  readonly project?: ProjectRef;
  readonly region: string | null;
  readonly interface: EndpointInterface;
  readonly tls: TlsTrust;
  /** By service type, instead of the catalog. */
  readonly endpointOverrides: Readonly<Record<string, string>>;
}
