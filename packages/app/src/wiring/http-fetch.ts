import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Answer, Fetch } from '@guts/contract/client';

/** More than any answer of guts-api but its streams has; bytes. */
const LONGEST = 64 * 1024 * 1024;

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LONGEST) throw new Error(`the answer is longer than ${LONGEST} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function toAnswer(answer: IncomingMessage): Answer {
  const { statusCode: status = 0 } = answer;
  const headers: IncomingHttpHeaders = answer.headers;
  return {
    ok: status >= 200 && status < 300,
    status,
    headers: { get: (name) => [headers[name.toLowerCase()]].flat().join(', ') || null },
    body: answer,
    text: () => textOf(answer),
  };
}

/** As undici's: a guts-api that says nothing for so long is taken for gone. Its streams say something far sooner. */
const SILENCE_MS = 300_000;

/**
 * As much of `fetch` as a client of guts-api uses. Node's own brings undici and all that browsers have, and to load
 * that takes longer than most commands of `guts`. Redirects are not followed: guts-api sends none.
 */
export function httpFetchWithin(silenceMs: number): Fetch {
  return async (url, { method = 'GET', headers = {}, body, signal }) => {
    const { request } = url.startsWith('https:') ? await import('node:https') : await import('node:http');
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    return new Promise((resolve, reject) => {
      const options = { method, headers: { ...headers, ...length }, ...(signal ? { signal } : {}) };
      let received: IncomingMessage | null = null;
      const sent = request(url, options, (answer) => {
        received = answer;
        resolve(toAnswer(answer));
      });
      sent.once('error', reject);
      sent.setTimeout(silenceMs, () => {
        const silence = new Error(`guts-api said nothing for ${silenceMs / 1000} seconds`);
        // Who reads the answer is told the reason, not only that it broke off.
        received?.destroy(silence);
        sent.destroy(silence);
      });
      sent.end(body);
    });
  };
}

export const httpFetch: Fetch = httpFetchWithin(SILENCE_MS);
