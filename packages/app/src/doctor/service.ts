import {
  type ApiClient,
  ApiCallError,
  type Endpoint,
  type HealthReport,
  type Operation,
  routes,
} from '@guts/contract';
import { type Check, failed, type Finding, ok, skipped, warning } from './check.ts';

/** guts-api: what it answers decides which checks can be asked of it. */
export async function serviceFindings(
  client: Pick<ApiClient, 'call' | 'baseUrl'>,
  version: string,
  signal: AbortSignal,
): Promise<{ findings: Finding[]; workers: number | null }> {
  const subject = 'guts-api';
  let report: HealthReport;
  try {
    report = await client.call(routes.healthReport, { signal });
  } catch (error) {
    if (!(error instanceof ApiCallError)) throw error;
    const remedy = error.remedy ?? 'Start it: guts all, or guts api.';
    const finding =
      error.code === 'unreachable'
        ? warning(
            subject,
            `${client.baseUrl} does not answer: sources and destinations are not looked at`,
            remedy,
          )
        : failed(subject, `${client.baseUrl}: ${error.message}`, remedy);
    return { findings: [finding], workers: null };
  }
  const differs = report.version !== version;
  const findings: Finding[] = [
    differs
      ? warning(
          subject,
          `${client.baseUrl} is of version ${report.version}, this one of ${version}`,
          'Bring both to the same version.',
        )
      : ok(subject, `${client.baseUrl}: answers, version ${report.version}`),
    ...report.problems.map(({ message, remedy }) => failed('daemons', message, remedy)),
  ];
  const workers = report.services.find(({ binary }) => binary === 'guts-migration');
  const alive = workers?.alive ?? 0;
  if (alive > 0) findings.push(ok('workers', `${alive} alive, ${workers?.disabled ?? 0} of them disabled`));
  return { findings, workers: alive };
}

type Side = 'source' | 'destination';
interface ReportFinding {
  readonly severity: string;
  readonly message: string;
  readonly remedy?: string;
}

/** A validation's findings, from its operation. */
function ofOperation(subject: string, operation: Operation): Finding[] {
  const { status, error, result } = operation;
  if (status !== 'done')
    return [failed(subject, error?.message ?? `its validation is ${status}`, error?.remedy ?? null)];
  const {
    product,
    version,
    findings = [],
  } = (result ?? {}) as {
    product?: string;
    version?: string;
    findings?: readonly ReportFinding[];
  };
  const bad = findings.map(({ severity, message, remedy }): Finding => {
    const verdict = severity === 'blocker' ? 'failed' : severity === 'warning' ? 'warning' : 'ok';
    return { verdict, subject, message, remedy: remedy ?? null };
  });
  return bad.length > 0
    ? bad
    : [ok(subject, `${product ?? 'it'} ${version ?? ''}: answers, nothing is lacking`)];
}

export interface EndpointParts {
  readonly client: Pick<ApiClient, 'call'>;
  list(side: Side): Promise<readonly Endpoint[]>;
  wait(operation: Operation): Promise<Operation>;
}

/** Has a worker validate a source or destination. */
function endpointCheck(parts: EndpointParts, side: Side, endpoint: Endpoint): Check {
  const subject = `${side} "${endpoint.name}"`;
  const route = side === 'source' ? routes.sources.act : routes.destinations.act;
  return {
    subject,
    run: async (signal) => {
      const input = { params: { id: endpoint.id }, body: { action: 'validate' as const }, signal };
      const { operation } = await parts.client.call(route, input);
      return ofOperation(subject, await parts.wait(operation));
    },
  };
}

/** One check for each source and destination; where no worker is alive nobody could look. */
export async function endpointChecks(parts: EndpointParts, workers: number): Promise<Check[]> {
  const checks: Check[] = [];
  for (const side of ['source', 'destination'] as const) {
    const found = await parts.list(side);
    if (found.length === 0)
      checks.push({
        subject: `${side}s`,
        run: () =>
          Promise.resolve([
            warning(`${side}s`, 'there is none yet', `Make one: guts ${side} create --help shows how.`),
          ]),
      });
    for (const endpoint of found)
      checks.push(
        workers > 0
          ? endpointCheck(parts, side, endpoint)
          : {
              subject: `${side} "${endpoint.name}"`,
              run: () =>
                Promise.resolve([skipped(`${side} "${endpoint.name}"`, 'not looked at: no worker is alive')]),
            },
      );
  }
  return checks;
}
