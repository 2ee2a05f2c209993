export { type Api, type ApiOptions, createApi } from './create-api.ts';
export { act, type ActionParts } from './routes/migration-actions.ts';
export { allowedActions } from './supported.ts';
export { specFromWire } from './wire/new-migration.ts';
export { diskToWire, eventToWire, migrationToWire, reportToWire } from './wire/records.ts';
