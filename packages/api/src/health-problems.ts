import type { HealthReport } from '@guts/contract';
import { type BusHealth, type Service, STOPPED_PREFIX } from '@guts/core';

/** A message that waits longer means that nobody sends; seconds. */
const OUTBOX_SECONDS = 60;

interface Seen {
  readonly schemaState: { readonly pending: readonly string[] };
  readonly bus: BusHealth;
  /** Messages that nobody could handle; null: not known. */
  readonly deadLetters: number | null;
  readonly outbox: { readonly pending: number; readonly oldestSeconds: number | null };
  readonly services: readonly Service[];
}

type Problem = HealthReport['problems'][number];

function ofServices(services: readonly Service[]): Problem[] {
  const problems: Problem[] = [];
  const alive = (binary: Service['binary']): Service[] =>
    services.filter((one) => one.binary === binary && one.alive);
  if (alive('guts-scheduler').length === 0)
    problems.push({
      message: 'no guts-scheduler is alive: what waits gets no worker; what runs goes on',
      remedy: 'Start one: guts scheduler.',
    });
  const workers = alive('guts-migration');
  if (workers.length === 0)
    problems.push({
      message: 'no guts-migration is alive: nothing runs',
      remedy: 'Start one: guts migration.',
    });
  else if (workers.every((one) => one.disabled))
    problems.push({
      message: 'every guts-migration that is alive is disabled: nothing new starts',
      remedy: 'Enable one: guts service enable ID.',
    });
  // One that was started again has a new id: its old record is no problem. Nor is one missed that was disabled, or
  // that ended by itself and left what limits its successor.
  const missing = services.filter(
    (one) =>
      !one.alive &&
      !one.disabled &&
      !one.id.startsWith(STOPPED_PREFIX) &&
      !alive(one.binary).some(({ host }) => host === one.host),
  );
  for (const one of missing)
    problems.push({
      message: `${one.binary} ${one.id} on ${one.host} was last heard of at ${one.heartbeatAt}`,
      remedy: `Start it again, or see why it cannot reach the database; others take over what it ran. If it is gone for good: guts service forget ${one.id}.`,
    });
  return problems;
}

/** A message that is a dead letter found no work, but the work is in the database: polling finds it. */
function ofDeadLetters({ bus, deadLetters }: Pick<Seen, 'bus' | 'deadLetters'>): Problem[] {
  if (deadLetters === null || deadLetters === 0) return [];
  const messages = deadLetters === 1 ? '1 message' : `${deadLetters} messages`;
  const logs =
    'See in the logs of the daemons why ("a message was not handled", "none of ours"). No work is lost: polling finds it. ';
  if (bus.kind === 'in-process')
    return [
      {
        message: `${messages} could not be handled since ${bus.since}`,
        remedy: `${logs}They are counted anew when guts is started again.`,
      },
    ];
  return [
    {
      message: `${messages} could not be handled and ${deadLetters === 1 ? 'lies' : 'lie'} in the broker's queue guts.dead`,
      remedy: `${logs}Then empty the queue, with the virtual host of bus_url: rabbitmqctl purge_queue -p VHOST guts.dead`,
    },
  ];
}

/** What is wrong with the whole, and what to do about it. */
export function problemsOf({ schemaState, bus, deadLetters, outbox, services }: Seen): Problem[] {
  const problems: Problem[] = [];
  if (schemaState.pending.length > 0)
    problems.push({
      message: `the schema lacks ${schemaState.pending.join(', ')}`,
      remedy: 'Run guts db upgrade.',
    });
  if (!bus.connected)
    problems.push({
      message: `the message bus is away since ${bus.since}${bus.detail === null ? '' : `: ${bus.detail}`}; work goes on, new work is found by polling`,
      remedy:
        'See whether the broker runs and whether this host reaches it; the connection is made again by itself.',
    });
  else if (outbox.oldestSeconds !== null && outbox.oldestSeconds > OUTBOX_SECONDS)
    problems.push({
      message: `${outbox.pending} messages wait to be sent, the oldest for ${Math.round(outbox.oldestSeconds)} s`,
      remedy: 'See the logs of the daemons: every one of them sends; work is found by polling meanwhile.',
    });
  return [...problems, ...ofDeadLetters({ bus, deadLetters }), ...ofServices(services)];
}
