import type { Answer, Fetch } from '@guts/contract';
import type { Output } from './context.ts';
import type { Redactor } from './redact.ts';

/** A request and the head of its answer, as far as they are shown. */
export interface Exchange {
  readonly method: string;
  readonly url: string;
  /** Null: there was no answer. */
  readonly status: number | null;
  readonly milliseconds: number;
  readonly requestId: string | null;
}
export type TellExchange = (exchange: Exchange) => void;

/** Tells an exchange in one line, without query values that are secret. */
export function exchangeTeller(who: string, err: Output, redactor: Redactor): TellExchange {
  return ({ method, url, status, milliseconds, requestId }) => {
    const end = status === null ? 'no answer' : String(status);
    const id = requestId === null ? '' : ` ${requestId}`;
    err.write(
      redactor.text(`debug: ${who}: ${method} ${url} -> ${end} in ${Math.round(milliseconds)} ms${id}\n`),
    );
  };
}

/**
 * Shows what is sent and what is answered: headers never, for they hold the token; bodies with their secrets masked.
 * A stream is told by its head alone.
 */
export function tracedFetch(fetch: Fetch, err: Output, redactor: Redactor): Fetch {
  const tell = exchangeTeller('guts-api', err, redactor);
  return async (url, init) => {
    redactor.hide(init.headers?.['x-auth-token']);
    const { method = 'GET', body } = init;
    const began = performance.now();
    const facts = { method, url };
    if (body !== undefined) err.write(`debug: > ${body.length} characters: ${redactor.body(body)}\n`);
    let answer: Answer;
    try {
      answer = await fetch(url, init);
    } catch (error) {
      tell({ ...facts, status: null, milliseconds: performance.now() - began, requestId: null });
      throw error;
    }
    const requestId = answer.headers.get('x-openstack-request-id') ?? answer.headers.get('x-request-id');
    tell({ ...facts, status: answer.status, milliseconds: performance.now() - began, requestId });
    return {
      ok: answer.ok,
      status: answer.status,
      headers: answer.headers,
      body: answer.body,
      text: async () => {
        const text = await answer.text();
        if (text !== '') err.write(`debug: < ${text.length} characters: ${redactor.body(text)}\n`);
        return text;
      },
    };
  };
}
