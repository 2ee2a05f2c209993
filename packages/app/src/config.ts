export { loadConfig } from './config/load.ts';
export type { Config } from './config/settings.ts';
