import { parseArgs } from 'node:util';
import { type LaneCounts } from './lanes.ts';
import type { Backend } from './lane.ts';
import { SCENARIOS, type Scenario } from './scenario.ts';
import { type Mode, MODES, type Victim, VICTIMS } from './strike.ts';

export interface Options {
  readonly backends: readonly Backend[];
  /** Null: every point in every mode. */
  readonly runs: number | null;
  readonly lanes: LaneCounts;
  /** So many, and no fewer on a slow machine. */
  readonly lanesTold: boolean;
  readonly seed: number;
  /** Part of a point, or with `exact` the whole of it. */
  readonly only: { readonly text: string; readonly exact: boolean } | null;
  readonly scenarios: readonly Scenario[];
  readonly victims: readonly Victim[];
  readonly modes: readonly Mode[];
  /** Each strike so many times. */
  readonly repeat: number;
  readonly keep: boolean;
  /** Only tells the points. */
  readonly list: boolean;
}

const HELP = `npm run test:kill -- [options]
  --runs N           so many strikes instead of every point in every mode
  --backend B        embedded, servers or both; both unless told, where PostgreSQL and RabbitMQ are installed
  --mariadb          MariaDB instead of PostgreSQL
  --lanes N          stacks side by side; unless told 6, 3 for one backend, fewer where the machine is slow
  --seed N           decides order and scenarios; 1 unless told
  --victims A,B      of worker, scheduler, api
  --modes A,B        of kill, again (who takes over is killed too), stop, database, broker
  --scenario NAME    of ${SCENARIOS.map(({ name }) => name).join(', ')}
  --only TEXT        points that contain it
  --point POINT      this point alone
  --repeat N         each strike N times
  --keep             keeps all logs
  --list             tells all points, and strikes none
`;

function picked<T extends string>(
  given: string | undefined,
  known: readonly T[],
  what: string,
): readonly T[] {
  if (given === undefined) return known;
  return given.split(',').map((name) => {
    const found = known.find((one) => one === name);
    if (found === undefined)
      throw new Error(`--${what}: there is no '${name}'; there are ${known.join(', ')}`);
    return found;
  });
}

function count(given: string, what: string): number {
  const number = Number(given);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new Error(`--${what} must be a whole number of 1 or more`);
  return number;
}

function lanesOf(total: number, backends: readonly Backend[]): LaneCounts {
  if (!backends.includes('servers')) return { embedded: total, servers: 0 };
  if (!backends.includes('embedded')) return { embedded: 0, servers: total };
  // Two of three strikes need servers.
  const embedded = Math.max(1, Math.round(total / 3));
  return { embedded, servers: Math.max(1, total - embedded) };
}

/** @param servers whether there are any. @returns null: help was asked for, and given. @throws Error */
export function readOptions(args: readonly string[], servers: boolean): Options | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: 'string' },
      backend: { type: 'string' },
      mariadb: { type: 'boolean' },
      lanes: { type: 'string' },
      seed: { type: 'string', default: '1' },
      victims: { type: 'string' },
      modes: { type: 'string' },
      scenario: { type: 'string' },
      only: { type: 'string' },
      point: { type: 'string' },
      repeat: { type: 'string', default: '1' },
      keep: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return null;
  }
  const wanted = values.backend ?? (servers ? 'both' : 'embedded');
  const backends =
    wanted === 'both'
      ? (['embedded', 'servers'] as const)
      : picked(wanted, ['embedded', 'servers'], 'backend');
  if (backends.includes('servers') && !servers)
    throw new Error(
      `--backend ${wanted} needs PostgreSQL or MariaDB, and RabbitMQ: see lab/kill/test-kill.sh`,
    );
  const only = values.point ?? values.only;
  const names = SCENARIOS.map(({ name }) => name);
  const scenarios = picked(values.scenario, names, 'scenario');
  return {
    backends,
    runs: values.runs === undefined ? null : count(values.runs, 'runs'),
    lanes: lanesOf(count(values.lanes ?? (backends.length === 2 ? '6' : '3'), 'lanes'), backends),
    lanesTold: values.lanes !== undefined,
    seed: Number(values.seed),
    only: only === undefined ? null : { text: only, exact: values.point !== undefined },
    scenarios: SCENARIOS.filter(({ name }) => scenarios.includes(name)),
    victims: picked(values.victims, VICTIMS, 'victims'),
    modes: picked(values.modes, MODES, 'modes'),
    repeat: count(values.repeat, 'repeat'),
    keep: values.keep,
    list: values.list,
  };
}
