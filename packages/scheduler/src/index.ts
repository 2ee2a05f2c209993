export { Scheduler, type SchedulerOptions, type RoundMetrics } from './scheduler.ts';
export { MIXES, type Mix } from './simulate/mixes.ts';
export {
  simulate,
  simulatedView,
  type SimulationOptions,
  type SimulationResult,
} from './simulate/simulate.ts';
