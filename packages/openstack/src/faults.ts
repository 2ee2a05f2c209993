import { ApiError } from './errors.ts';
import { type HttpAnswer, readText } from './transport/http.ts';

/** The first value of a header. */
export function header(answer: HttpAnswer, name: string): string | null {
  return [answer.headers[name]].flat()[0] ?? null;
}

const bounded = (text: string): string => (text.length > 1000 ? `${text.slice(0, 1000)}…` : text);

/** Each service has an envelope of its own; Glance answers in HTML. */
export function readFault(text: string): { faultName: string; detail: string } {
  try {
    const parsed: unknown = JSON.parse(text);
    const [name, inner] = Object.entries(parsed as Record<string, unknown>)[0] ?? ['', ''];
    if (typeof inner === 'string') return { faultName: name, detail: bounded(inner) };
    const fields = inner as { message?: unknown; type?: unknown; title?: unknown };
    const own = name === 'NeutronError' || name === 'error' ? (fields.type ?? fields.title) : undefined;
    const detail = typeof fields.message === 'string' ? fields.message : '';
    return { faultName: typeof own === 'string' ? own : name, detail: bounded(detail) };
  } catch {
    const plain = text.replaceAll(/<title>.*?<\/title>|<[^>]*>/gs, ' ').replaceAll(/\s+/g, ' ');
    return { faultName: 'Error', detail: bounded(plain.trim()) };
  }
}

/** Seconds of a Retry-After header, which is a number or a date (RFC 9110, section 10.2.3). */
export function retryAfterSeconds(value: string | null, now: number): number | null {
  if (value === null) return null;
  if (/^\s*\d+\s*$/.test(value)) return Number(value);
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, (date - now) / 1000);
}

/** The error that an answer with an error status says; reads its body. */
export async function apiError(
  answer: HttpAnswer,
  request: { readonly service: string; readonly method: string; readonly path: string; signal: AbortSignal },
): Promise<ApiError> {
  const { service, method, path, signal } = request;
  const { faultName, detail } = readFault(await readText(answer, `${service} service`, signal));
  return new ApiError({
    status: answer.status,
    service,
    method,
    // A query may hold what is nobody's business.
    path: path.replace(/\?.*$/, ''),
    faultName,
    detail: detail === '' ? 'no message' : detail,
    requestId: header(answer, 'x-openstack-request-id') ?? header(answer, 'x-compute-request-id'),
    retryAfter: retryAfterSeconds(header(answer, 'retry-after'), Date.now()),
  });
}
