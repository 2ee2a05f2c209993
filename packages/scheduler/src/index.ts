export { Scheduler, type SchedulerOptions, type RoundMetrics } from './scheduler.ts';
