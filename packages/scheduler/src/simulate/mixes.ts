import type { Demand } from '@guts/core';
import { random } from './random.ts';

/** One migration to be simulated. */
export interface Job {
  readonly id: string;
  readonly planId: string | null;
  readonly priority: number;
  readonly demand: Demand;
  /** How long it runs once it has a worker; seconds. */
  readonly seconds: number;
  /** When it is asked for; seconds from the start. */
  readonly arrives: number;
}

export interface MixSize {
  readonly migrations: number;
  readonly seed: number;
}

export interface Mix {
  readonly name: string;
  readonly doc: string;
  /** Has work that is larger than a limit: the bound cannot be held to. */
  readonly oversized: boolean;
  /** It is asked for over time, of which the bound knows nothing: it is not held to it. */
  readonly keepsComing?: boolean;
  /** Workers die and come back. */
  readonly churn: boolean;
  jobs(size: MixSize): readonly Job[];
}

const GIB = 2 ** 30;
/** Of one disk stream; bytes per second. */
const RATE = 100 * 2 ** 20;
/** What a migration takes beside copying; seconds. */
const OVERHEAD = 90;

interface Drawn {
  readonly gib: number;
  readonly disks: number;
  readonly host: number;
  readonly store: number;
  readonly plan?: number;
  readonly priority?: number;
  readonly streams?: number;
  readonly arrives?: number;
}

function make(size: MixSize, draw: (next: () => number, index: number) => Drawn): readonly Job[] {
  const next = random(size.seed);
  return Array.from({ length: size.migrations }, (_, index) => {
    const drawn = draw(next, index);
    const bytes = Math.round(drawn.gib * GIB);
    const streams = drawn.streams ?? Math.min(4, drawn.disks);
    return {
      id: `m${String(index).padStart(6, '0')}`,
      planId: drawn.plan === undefined ? null : `plan-${drawn.plan}`,
      priority: drawn.priority ?? 0,
      demand: {
        host: `host-${drawn.host}`,
        datastores: [`datastore-${drawn.store}`],
        streams,
        bytes,
        scratchBytes: 0,
      },
      seconds: OVERHEAD + bytes / (RATE * Math.min(4, streams)),
      arrives: drawn.arrives ?? 0,
    };
  });
}

const between = (next: () => number, low: number, high: number): number => low + next() * (high - low);
const pick = (next: () => number, count: number): number => Math.floor(next() * count);
/** Most draws are small, few are very large (Pareto with exponent 1.2), up to a limit. */
const heavy = (next: () => number, least: number, most: number): number =>
  Math.min(most, least / (1 - next()) ** (1 / 1.2));

/** Published with their seeds: anybody can run the same. 200 ESXi hosts and 80 datastores unless said otherwise. */
export const MIXES: readonly Mix[] = [
  {
    name: 'uniform',
    doc: 'machines of 20 to 120 GiB with 1 to 3 disks, spread evenly',
    oversized: false,
    churn: false,
    jobs: (size) =>
      make(size, (next) => ({
        gib: between(next, 20, 120),
        disks: 1 + pick(next, 3),
        host: pick(next, 200),
        store: pick(next, 80),
      })),
  },
  {
    name: 'heavy-tail',
    doc: 'most machines are small, a few have terabytes',
    oversized: false,
    churn: false,
    jobs: (size) =>
      make(size, (next) => ({
        gib: heavy(next, 15, 3000),
        disks: 1 + pick(next, 4),
        host: pick(next, 200),
        store: pick(next, 80),
      })),
  },
  {
    name: 'hot-hosts',
    doc: 'a third of the machines lies on 10 of the hosts',
    oversized: false,
    churn: false,
    jobs: (size) =>
      make(size, (next) => ({
        gib: between(next, 20, 120),
        disks: 1 + pick(next, 3),
        host: next() < 1 / 3 ? pick(next, 10) : pick(next, 200),
        store: pick(next, 80),
      })),
  },
  {
    name: 'hot-datastore',
    doc: 'a tenth of the machines lies on one datastore',
    oversized: false,
    churn: false,
    jobs: (size) =>
      make(size, (next) => ({
        gib: between(next, 20, 120),
        disks: 1 + pick(next, 2),
        host: pick(next, 200),
        store: next() < 0.1 ? 0 : 1 + pick(next, 79),
      })),
  },
  {
    name: 'plans',
    doc: '12 plans of very different sizes, three priorities',
    oversized: false,
    churn: false,
    jobs: (size) =>
      make(size, (next) => {
        const plan = Math.floor(12 * next() ** 2);
        return {
          gib: between(next, 20, 120),
          disks: 1 + pick(next, 3),
          host: pick(next, 200),
          store: pick(next, 80),
          plan,
          priority: plan % 3,
        };
      }),
  },
  {
    name: 'oversized',
    doc: 'one machine in 100 wants more of its host than the limit',
    oversized: true,
    churn: false,
    jobs: (size) =>
      make(size, (next) => ({
        gib: between(next, 20, 120),
        disks: 1 + pick(next, 3),
        host: pick(next, 200),
        store: pick(next, 80),
        ...(next() < 0.01 ? { streams: 12 } : {}),
      })),
  },
  {
    name: 'churn',
    keepsComing: true,
    doc: 'asked for over six hours, while workers die and come back',
    oversized: false,
    churn: true,
    jobs: (size) =>
      make(size, (next) => ({
        gib: between(next, 20, 120),
        disks: 1 + pick(next, 3),
        host: pick(next, 200),
        store: pick(next, 80),
        arrives: between(next, 0, 6 * 3600),
      })),
  },
  {
    name: 'stream',
    keepsComing: true,
    doc: '6 plans of three priorities, asked for over half an hour, much faster than they can be run',
    oversized: false,
    churn: false,
    jobs: (size) =>
      make(size, (next, index) => ({
        gib: between(next, 20, 120),
        disks: 1 + pick(next, 3),
        host: pick(next, 200),
        store: pick(next, 80),
        plan: index % 6,
        priority: index % 3,
        arrives: between(next, 0, 0.5 * 3600),
      })),
  },
  {
    name: 'narrow-door',
    doc: 'few hosts, always busy with machines that keep coming; one in 25 wants more than a whole host',
    oversized: true,
    churn: false,
    jobs: (size) => {
      const hosts = Math.max(1, Math.round(size.migrations / 250));
      return make(size, (next) => ({
        gib: between(next, 20, 120),
        disks: 1 + pick(next, 3),
        host: pick(next, hosts),
        store: pick(next, hosts),
        arrives: between(next, 0, 7 * 3600),
        ...(next() < 0.04 ? { streams: 12 } : {}),
      }));
    },
  },
];
