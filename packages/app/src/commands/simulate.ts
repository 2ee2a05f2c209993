import { drawTable } from '@guts/cli';
import { DEFAULT_LIMITS, GutsError } from '@guts/core';
import { MIXES, type Mix, simulate, type SimulationResult } from '@guts/scheduler';
import { loadConfig } from '../config.ts';

export interface SimulateOptions {
  readonly mix: readonly string[];
  readonly migrations: number;
  readonly workers: number;
  readonly slots: number;
  readonly seed: number;
  /** Between rounds; seconds of virtual time. */
  readonly round: number;
  /** Its limits are used; without one the defaults, and none on the vCenter. */
  readonly config?: string;
}

export interface SimulateParts {
  readonly out: NodeJS.WritableStream;
  /** Progress: a terminal gets a line that moves, anything else nothing. */
  readonly err: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
}

/** @throws GutsError `bad_request` with the mixes that there are */
export function mixesOf(names: readonly string[]): readonly Mix[] {
  if (names.length === 0) return MIXES;
  return names.map((name) => {
    const mix = MIXES.find((one) => one.name === name);
    if (mix) return mix;
    throw new GutsError('bad_request', `there is no mix '${name}'`, {
      remedy: `Known mixes: ${MIXES.map((one) => one.name).join(', ')}.`,
    });
  });
}

const hours = (seconds: number): string => `${(seconds / 3600).toFixed(2)} h`;
const minutes = (seconds: number): string => `${(seconds / 60).toFixed(1)} min`;
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

export function simulationTable(results: readonly SimulationResult[]): string {
  const columns = [
    'Mix',
    'Ended',
    'Makespan',
    'Bound',
    'Decided by',
    'Ratio',
    'Utilisation',
    'Fairness',
    'Wait median',
    'Wait p95',
    'Wait longest',
    'Overtaken by',
  ];
  const rows = results.map((one) => [
    one.mix,
    `${one.ended} of ${one.migrations}`,
    hours(one.makespanSeconds),
    hours(one.bound.seconds),
    one.bound.by,
    one.ratio.toFixed(3),
    percent(one.utilisation),
    one.fairness === null ? '-' : one.fairness.toFixed(3),
    minutes(one.waitSeconds.median),
    minutes(one.waitSeconds.p95),
    minutes(one.waitSeconds.max),
    minutes(one.overtakenSeconds),
  ]);
  return drawTable(columns, rows);
}

/** `guts simulate`: every mix in turn, then the table (or JSON lines as each one ends). */
export function runSimulate(options: SimulateOptions, asJson: boolean, parts: SimulateParts): void {
  const { out, err, env } = parts;
  const mixes = mixesOf(options.mix);
  const limits = options.config
    ? loadConfig(options.config, env).limits
    : { ...DEFAULT_LIMITS, sourceStreams: 0 };
  const results: SimulationResult[] = [];
  for (const mix of mixes) {
    let shown = -1;
    const onProgress = (ended: number, total: number): void => {
      const share = Math.floor((100 * ended) / total);
      if (!err.isTTY || share === shown) return;
      shown = share;
      err.write(`\r\u001b[2K${mix.name}: ${ended} of ${total} migrations (${share} %)`);
    };
    const { migrations, workers, slots, seed, round: roundSeconds } = options;
    const result = simulate({ mix, migrations, workers, slots, seed, limits, roundSeconds, onProgress });
    if (err.isTTY) err.write('\r\u001b[2K');
    results.push(result);
    if (asJson) out.write(`${JSON.stringify(result)}\n`);
  }
  if (!asJson)
    out.write(
      `${options.migrations} migrations, ${options.workers} workers of ${options.slots} slots, seed ${options.seed}\n${simulationTable(results)}\nRatio: makespan over bound, 1 is the best there can be. Bound: the longest job, or the work for a resource over what there is of it.\nOvertaken by: the most by which one was asked for later, and no more urgently, that got what another went on waiting for.\n`,
    );
}
