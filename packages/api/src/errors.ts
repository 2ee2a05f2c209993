import { STATUS_CODES } from 'node:http';
import type { ErrorBody } from '@guts/contract';
import { ERROR_CODES, type ErrorCode, GutsError, type Log } from '@guts/core';
import type { FastifyError } from 'fastify';

/** The envelope of an error answer. */
export function envelope(error: GutsError, status: number, requestId: string): ErrorBody {
  return {
    error: {
      code: status,
      title: STATUS_CODES[status] ?? 'Error',
      guts_code: error.code,
      message: error.message,
      remedy: error.remedy ?? REMEDIES[error.code] ?? null,
      field: error.field ?? null,
      details: error.details ?? null,
      request_id: requestId,
    },
  };
}

interface ValidationProblem {
  readonly instancePath: string;
  readonly message?: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

/** What people call the parts of a request that fastify names so. */
const PARTS: Readonly<Record<string, string>> = { querystring: 'query', params: 'path' };

function validationError(context: string, problems: readonly ValidationProblem[]): GutsError {
  const [first] = problems;
  const { instancePath = '', message = 'is not valid', params = {} } = first ?? {};
  // A JSON pointer (RFC 6901, section 4) as people write it.
  const steps = instancePath.split('/').slice(1);
  const path = steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  const { additionalProperty: extra, missingProperty: missing, allowedValues: allowed } = params;
  const at = [PARTS[context] ?? context, ...path].join('.');
  const told = (field: string, what: string): GutsError =>
    new GutsError('bad_request', `${at} ${what}`, {
      field,
      remedy: 'The OpenAPI document (/v1/openapi.json) describes what is accepted.',
    });
  if (typeof extra === 'string') return told(`${at}.${extra}`, `has no field "${extra}"`);
  if (typeof missing === 'string') return told(`${at}.${missing}`, `lacks "${missing}"`);
  return told(at, Array.isArray(allowed) ? `${message}: ${allowed.join(', ')}` : message);
}

/** After how long it may be asked again; seconds. */
const RETRY_AFTER: Readonly<Partial<Record<ErrorCode, number>>> = {
  database_unavailable: 5,
  identity_unavailable: 5,
  bus_unavailable: 5,
};
const REMEDIES: Readonly<Partial<Record<ErrorCode, string>>> = {
  database_unavailable:
    'Ask again in a few seconds; if that lasts, see whether the database runs and guts-api can reach it.',
};

/** Headers of an error answer. */
export function headersOf({ code, details }: GutsError): Record<string, string> {
  const seconds = details?.['retry_after'] ?? RETRY_AFTER[code];
  return typeof seconds !== 'number' ? {} : { 'retry-after': String(seconds) };
}

/** What happened, as an error of ours and its status; what is nobody's business but ours is logged only. */
export function explain(error: unknown, log: Log): { error: GutsError; status: number } {
  if (error instanceof GutsError) {
    if (['internal', 'database_unavailable', 'identity_unavailable'].includes(error.code))
      log.error({ err: error }, 'a request failed');
    return { error, status: ERROR_CODES[error.code].status };
  }
  const known = error as Partial<FastifyError>;
  if (known.validation)
    return { error: validationError(known.validationContext ?? 'request', known.validation), status: 400 };
  const status = known.statusCode ?? 500;
  if (status === 413)
    return {
      error: new GutsError('too_large', 'the body of the request is too long', {
        remedy: 'It may have 1 MiB; that of POST /v1/migrations/bulk 8 MiB.',
      }),
      status,
    };
  if (status === 431)
    return { error: new GutsError('too_large', known.message ?? 'the headers are too long'), status };
  if (status >= 400 && status < 500)
    return { error: new GutsError('bad_request', known.message ?? 'the request is not valid'), status };
  log.error({ err: error }, 'a request failed');
  return {
    error: new GutsError('internal', 'guts-api met an error of its own', {
      remedy: 'Its log has the details under this request id.',
    }),
    status: 500,
  };
}
