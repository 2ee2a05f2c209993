import {
  type DestinationConnection,
  type DestinationFacts,
  type Finding,
  type HeldAddress,
  type Instance,
  isBlocker,
  type MigrationSpec,
  type Mode,
  preflight,
  type Prediction,
  type SourceConnection,
  type TargetPlan,
  type TransportName,
} from '@guts/core';

export interface Examined {
  readonly instance: Instance;
  readonly spec: MigrationSpec;
  readonly mode: Mode;
  readonly targetProject: string | null;
  /** As read now; the quota with what this migration made already. */
  readonly facts: DestinationFacts;
  /** Its own ports are in nobody's way; null: it has none yet. */
  readonly migrationId: string | null;
}

/** What came of it; the plan is null exactly when a finding is a blocker. */
export interface Examination {
  readonly plan: TargetPlan | null;
  readonly findings: readonly Finding[];
  readonly prediction: Prediction;
}

/** What gives ranges, in the order in which it is wanted: what needs nothing on the worker first. */
const RANDOM_ACCESS = ['datastore', 'vddk'] as const;

/** Ranges beat a stream where they can be had: they skip holes and run in parallel. */
async function chooseTransport(
  source: Pick<SourceConnection, 'checkTransport'>,
  { instance, spec }: Examined,
  signal: AbortSignal,
): Promise<{ transport: TransportName; findings: readonly Finding[] }> {
  const wanted = spec.transport;
  if (wanted !== 'auto')
    return { transport: wanted, findings: await source.checkTransport(instance, wanted, signal) };
  for (const transport of RANDOM_ACCESS) {
    const findings = await source.checkTransport(instance, transport, signal);
    if (!findings.some(isBlocker)) return { transport, findings };
  }
  return { transport: 'lease', findings: await source.checkTransport(instance, 'lease', signal) };
}

/** Asks whether the addresses that ports are to have are free, as far as the credential sees. */
async function heldBy(
  destination: Pick<DestinationConnection, 'heldAddresses'>,
  nics: TargetPlan['nics'],
  migrationId: string | null,
  signal: AbortSignal,
): Promise<readonly HeldAddress[]> {
  const wanted = nics
    .map(({ networkId, mac, addresses }) => ({
      networkId,
      addresses: [mac, ...addresses.map((one) => one.address)].filter(
        (one): one is string => typeof one === 'string' && one !== '',
      ),
    }))
    .filter((one) => one.addresses.length > 0);
  if (wanted.length === 0) return [];
  const held = await destination.heldAddresses(wanted, signal);
  return held.filter((one) => migrationId === null || one.migrationId !== migrationId);
}

/** The whole preflight of one instance, source and destination asked: it makes and changes nothing. */
export async function examine(
  ends: {
    readonly source: Pick<SourceConnection, 'checkTransport'>;
    readonly destination: Pick<DestinationConnection, 'heldAddresses'>;
  },
  asked: Examined,
  signal: AbortSignal,
): Promise<Examination> {
  const { migrationId, ...question } = asked;
  const chosen = await chooseTransport(ends.source, asked, signal);
  const first = preflight({ ...question, held: null, bytesPerSecond: null });
  const nics = first.target?.placedNics.flatMap(({ target }) => target ?? []) ?? [];
  const held = await heldBy(ends.destination, nics, migrationId, signal);
  const found = held.length === 0 ? first : preflight({ ...question, held, bytesPerSecond: null });
  const findings = [...found.findings, ...chosen.findings];
  const plan =
    found.plan && !chosen.findings.some(isBlocker) ? { ...found.plan, transport: chosen.transport } : null;
  return { plan, findings, prediction: found.prediction };
}
