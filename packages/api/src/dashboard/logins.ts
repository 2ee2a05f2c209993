import type { LoginKind } from '@guts/contract';

/** Names in Keystone; the domains by name, null: the one that is called Default at first (its id is `default`). */
export interface PasswordLogin {
  readonly user: string;
  readonly userDomain: string | null;
  readonly password: string;
  readonly project: string;
  readonly projectDomain: string | null;
}
export interface ApplicationCredentialLogin {
  readonly id: string;
  readonly secret: string;
}

/** A token that was got for a person. */
export interface GotToken {
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** As people call them; null: it has none. */
  readonly userName: string | null;
  readonly projectName: string | null;
}

/**
 * Keystone, as far as the dashboard's login needs it.
 * Both ways throw GutsError `unauthorized` (with Keystone's reason, where it gives one) and `identity_unavailable`.
 */
export interface KeystoneLogins {
  byPassword(login: PasswordLogin): Promise<GotToken>;
  byApplicationCredential(login: ApplicationCredentialLogin): Promise<GotToken>;
  /** Makes it worthless. @throws GutsError `identity_unavailable` */
  revoke(token: string): Promise<void>;
}

/** How people sign in to the dashboard: at Keystone, or by links that give a session with the local token. */
export type DashboardLogins =
  | { readonly by: 'keystone'; readonly keystone: KeystoneLogins }
  | { readonly by: 'link'; readonly token: string };

export function loginKinds({ by }: DashboardLogins): LoginKind[] {
  return by === 'keystone' ? ['password', 'application_credential'] : ['link'];
}
