export { type Choice, decide } from './decide.ts';
export { Scheduler, type SchedulerOptions } from './scheduler.ts';
