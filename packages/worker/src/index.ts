export { Connections } from './connections.ts';
export { MigrationRun, type RunParts } from './migration-run.ts';
export { Worker, type WorkerOptions } from './worker.ts';
