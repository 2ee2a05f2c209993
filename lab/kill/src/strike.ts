import type { Wrongs } from './check.ts';
import type { Backend } from './lane.ts';
import type { Scenario } from './scenario.ts';
import type { Loss } from './tap.ts';

/**
 * What happens at the point: the process dies; or it does, and so does the one that takes over; or it sleeps for longer
 * than its lease; or a server is lost to it.
 */
export const MODES = ['kill', 'again', 'stop', 'database', 'broker'] as const;
/** `none`: nothing happens; so the points are found. */
export type Mode = (typeof MODES)[number] | 'none';
export const VICTIMS = ['worker', 'scheduler', 'api'] as const;
export type Victim = (typeof VICTIMS)[number];

/** A point of a process, as a scenario passes it. */
export interface Passing {
  readonly victim: Victim;
  readonly scenario: Scenario;
  readonly point: string;
}

export interface Strike extends Passing {
  readonly mode: Mode;
  readonly backend: Backend;
}

export interface Outcome extends Strike {
  /** Null: it was never asked for. */
  readonly id: string | null;
  /** Whether the point was passed at all. */
  readonly hit: boolean;
  readonly wrongs: Wrongs;
  /** From the death of a worker to the next lease; seconds. */
  readonly takeOverSeconds: number | null;
  /** Where the one that took over died; null: it was not to, or all was done before. */
  readonly second: string | null;
  readonly seconds: number;
}

/** Whether the process that is struck dies of it. */
export function isDeadly(mode: Mode): boolean {
  return mode === 'kill' || mode === 'again';
}

/** Whether that can happen there. */
export function canStrike(mode: Mode, { victim, point }: Pick<Passing, 'victim' | 'point'>): boolean {
  // Within a transaction nothing can be awaited: only a death hits exactly there.
  if (point.endsWith(':within') && !isDeadly(mode)) return false;
  // Of the others' work nothing is taken over: any of them does it at any time.
  return mode !== 'again' || victim === 'worker';
}

export interface Outage {
  readonly loss: Loss;
  readonly seconds: number;
}

/** A blip; longer than a lease, with resets; the same in silence. */
const OUTAGES: readonly Outage[] = [
  { loss: 'reset', seconds: 1 },
  { loss: 'reset', seconds: 5 },
  { loss: 'silent', seconds: 5 },
];

/** FNV-1a, 32 bits. */
export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const byte of Buffer.from(text)) value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return value;
}

/** How a server is lost: always the same for the same strike, all kinds over many. Null: it is not. */
export function outageOf({ victim, point, mode }: Strike): Outage | null {
  if (mode !== 'database' && mode !== 'broker') return null;
  return OUTAGES[hash(`${mode} ${victim} ${point}`) % OUTAGES.length] ?? null;
}

/** Wide enough to die in putting things in order, in finding what is there, and in the first work thereafter. */
const SECOND_POINTS = 16;

/** At which point after its take-over the second dies, from 1: the same for the same strike, all over many. */
export function secondDeathOf({ scenario, point }: Strike): number {
  return ((hash(`${scenario.name} ${point}`) >>> 8) % SECOND_POINTS) + 1;
}

/** As people read it. */
export function nameOf(strike: Strike): string {
  if (strike.mode === 'none')
    return `undisturbed, with daemons that tell what they pass, ${strike.scenario.name}, ${strike.backend}`;
  const outage = outageOf(strike);
  const second = strike.mode === 'again' ? ` (the second at its point ${secondDeathOf(strike)})` : '';
  const how = outage ? `${strike.mode} (${outage.loss}, ${outage.seconds} s)` : `${strike.mode}${second}`;
  return `${how} ${strike.victim} at ${strike.point}, ${strike.scenario.name}, ${strike.backend}`;
}
