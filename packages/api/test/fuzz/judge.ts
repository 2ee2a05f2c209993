import { ERROR_CODES, type ErrorCode } from '@guts/core';
import Schema, { type Validator } from 'typebox/schema';
import type { Call } from './calls.ts';
import {
  bodySchema,
  type OpenApi,
  type Operation,
  operationsOf,
  type Schema as JsonSchema,
} from './document.ts';
import type { Answer } from './wire.ts';
import { TOKEN_WORD } from './world.ts';

/** What nobody but who runs it should see. */
const INTERNAL: readonly RegExp[] = [
  /\n\s+at /,
  /node_modules|\.[cm]?[jt]s:\d|packages\/|node:internal/,
  /\b(?:select|insert into|update|delete from)\b.+\b(?:from|values|set|where)\b/i,
  /SQLITE|sqlite|libsql|kysely|constraint failed|syntax error at|invalid byte sequence/i,
  /TypeError|RangeError|ReferenceError|Cannot read prop|is not a function|Maximum call stack|Invalid time value/,
  /\[object Object\]/,
];
/** Statuses of an error beside that of its code. */
const ALSO: Readonly<Partial<Record<ErrorCode, readonly number[]>>> = {
  bad_request: [404, 405, 408, 414, 415, 417],
  too_large: [431],
};
/** Answers that are not of the document: where they are, and what they are. */
const BESIDE: readonly (readonly [RegExp, number, RegExp])[] = [
  [/^\/$/, 300, /^application\/json/],
  [/^\/v1\/?$/, 200, /^application\/json/],
  [/^\/v1\/openapi\.json$/, 200, /^application\/json/],
  [/^\/v1\/docs$/, 200, /^text\/html/],
  [/^\/metrics$/, 200, /^text\/plain/],
  [/^\/dashboard\/session$/, 200, /^application\/json/],
];

/** Milliseconds: nothing that is asked here takes long. */
const SLOW_MS = 5000;

/** Judges answers by the document. */
export class Judge {
  readonly #validators = new Map<JsonSchema, Validator>();
  readonly #error: JsonSchema;

  constructor(document: OpenApi) {
    const [schema] = operationsOf(document).flatMap(
      ({ responses }) => responses['default']?.content?.['application/json']?.schema ?? [],
    );
    if (!schema) throw new Error('the document describes no error');
    this.#error = schema;
  }

  /** What is wrong with the answer to a call; empty when nothing is. */
  faults(call: Call, answer: Answer | null): string[] {
    if (answer === null) return call.maybeUnanswered ? [] : ['there was no answer'];
    const { status, headers } = answer;
    const { operation } = call;
    const faults = answer.took > SLOW_MS ? [`it took ${Math.round(answer.took)} ms`] : [];
    if (!headers['x-openstack-request-id']) faults.push('it has no request id');
    if (status >= 500 && operation?.responses[status] === undefined)
      faults.push('it is a failure of the API');
    if (operation && !operation.responses['default']?.content?.['application/json'])
      faults.push('the document describes no errors of it');
    if (status >= 400 && operation?.responses[status] === undefined)
      faults.push(...this.#errorFaults(answer, call));
    else if (operation) faults.push(...this.#answerFaults(operation, answer, call));
    else faults.push(...besideFaults(call, answer));
    if (answer.body.includes(TOKEN_WORD)) faults.push('it repeats a token');
    return faults;
  }

  #against(schema: JsonSchema, value: unknown): string[] {
    const validator = this.#validators.get(schema) ?? Schema.Compile(schema as never);
    this.#validators.set(schema, validator);
    if (validator.Check(value)) return [];
    const [, all] = validator.Errors(value);
    return all
      .slice(0, 3)
      .map(({ instancePath, message }) => `${instancePath === '' ? 'it' : instancePath} ${message}`);
  }

  #errorFaults({ status, headers, body }: Answer, { method }: Call): string[] {
    // Who sent what could not be read is told in words, whatever the method may have been.
    if (method === 'HEAD')
      return body === '' || headers['connection'] === 'close' ? [] : ['the answer to HEAD has a body'];
    const value = jsonOf(body);
    if (value === undefined) return ['an error is no JSON'];
    const faults = [...typeFaults(headers, 'application/json'), ...this.#against(this.#error, value)];
    if (faults.length > 0) return faults;
    const { error } = value as { error: { code: number; guts_code: ErrorCode; request_id: string } };
    if (error.code !== status) faults.push(`its code is ${error.code}`);
    if (error.request_id !== headers['x-openstack-request-id']) faults.push('its request id is another one');
    const fits = [ERROR_CODES[error.guts_code].status, ...(ALSO[error.guts_code] ?? [])];
    if (!fits.includes(status)) faults.push(`${error.guts_code} is not answered with ${status}`);
    const { message, remedy } = error as unknown as { message: string; remedy: string | null };
    for (const text of [message, remedy ?? ''])
      for (const pattern of INTERNAL)
        if (pattern.test(text)) faults.push(`it tells what is internal: ${String(pattern)}`);
    return faults;
  }

  #answerFaults(operation: Operation, { status, headers, body }: Answer, call: Call): string[] {
    const described = operation.responses[status];
    if (!described) return [`${status} is not documented`];
    const taken = bodySchema(operation);
    const accepted = taken && call.json && status < 400 ? this.#against(taken, call.json.value) : [];
    const faults = accepted.map((one) => `a body was accepted that is not as documented: ${one}`);
    const [type, schema] = Object.entries(described.content ?? {})[0] ?? [null, null];
    if (status === 204) return body === '' ? faults : [...faults, '204 has a body'];
    if (type === null) return [...faults, `${status} has no content in the document`];
    faults.push(...typeFaults(headers, type));
    if (type !== 'application/json') return faults;
    const value = jsonOf(body);
    return value === undefined
      ? [...faults, 'it is no JSON']
      : [...faults, ...this.#against(schema?.schema ?? {}, value)];
  }
}

function typeFaults(headers: Answer['headers'], type: string): string[] {
  const given = headers['content-type'] ?? 'nothing';
  return given.split(';')[0] === type ? [] : [`its content type is ${given}, not ${type}`];
}

/** Answers of what is not in the document: the versions, the document itself, HEAD and metrics. */
function besideFaults({ method, bytes }: Call, { status, headers, body }: Answer): string[] {
  if (method === 'HEAD') return body === '' ? [] : ['the answer to HEAD has a body'];
  const target = /^\S+ (?:https?:\/\/[^/\s]*)?(\S*)/.exec(bytes.toString('latin1'))?.[1] ?? '';
  const [path = ''] = target.replace(/^\/v1\/[0-9a-f-]{32,36}(?=\/|$)/i, '/v1').split('?');
  const found = BESIDE.find(([pattern]) => pattern.test(path));
  if (!found)
    return method === 'GET' || status >= 400 ? [] : [`${method} ${path} was answered with ${status}`];
  const [, wanted, type] = found;
  const given = headers['content-type'] ?? '';
  return [
    ...(status === wanted ? [] : [`${path} was answered with ${status}`]),
    ...(type.test(given) ? [] : [`its content type is ${given}`]),
  ];
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
