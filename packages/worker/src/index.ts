export { Connections, type Watch } from './connections.ts';
export { type Examination, examine, type Examined } from './examine.ts';
export { MigrationRun } from './migration-run.ts';
export { pausesWithin } from './patience.ts';
export type { RunParts } from './run-context.ts';
export { Worker, type WorkerOptions } from './worker.ts';
