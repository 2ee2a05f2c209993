export { type Api, type ApiOptions, createApi } from './create-api.ts';
export { specFromWire } from './wire/new-migration.ts';
export { diskToWire, eventToWire, migrationToWire, reportToWire } from './wire/records.ts';
