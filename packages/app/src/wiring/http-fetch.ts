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

/**
 * As much of `fetch` as a client of guts-api uses. Node's own brings undici and all that browsers have, and to load
 * that takes longer than most commands of `guts`. Redirects are not followed: guts-api sends none.
 */
export const httpFetch: Fetch = async (url, { method = 'GET', headers = {}, body, signal }) => {
  const { request } = url.startsWith('https:') ? await import('node:https') : await import('node:http');
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const options = { method, headers: { ...headers, ...length }, ...(signal ? { signal } : {}) };
    const sent = request(url, options, (answer) => resolve(toAnswer(answer)));
    sent.once('error', reject);
    sent.end(body);
  });
};
