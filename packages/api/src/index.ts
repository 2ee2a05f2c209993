export { type Api, type ApiOptions, createApi } from './create-api.ts';
export type {
  ApplicationCredentialLogin,
  DashboardLogins,
  GotToken,
  KeystoneLogins,
  PasswordLogin,
} from './dashboard/logins.ts';
export { Policy } from './auth/policy.ts';
export { type RuleFacts, ruleFacts } from './auth/rule-facts.ts';
export { cachedTokens, type KnownToken, type TokenLookup } from './auth/token-cache.ts';
export { type Authenticator, type Caller, tokenAuthenticator } from './authenticator.ts';
export { act, type ActionParts } from './routes/migration-actions.ts';
export { allowedActions } from './supported.ts';
export { checkToWire } from './wire/preflight.ts';
export { specFromWire } from './wire/new-migration.ts';
export { diskToWire, eventToWire, migrationToWire, reportToWire } from './wire/records.ts';
