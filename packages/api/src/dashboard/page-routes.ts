import { DASHBOARD_PATH } from '@guts/contract';
import { GutsError } from '@guts/core';
import type { FastifyInstance } from 'fastify';
import { readFolder, type ServedFiles } from './files.ts';
import { pageBelow } from './page-below.ts';

/**
 * Nothing but our own files, and no frame around them. Pictures within style sheets are data addresses; what widgets
 * set of their style (widths, places) stands in attributes.
 */
const DASHBOARD_POLICY = [
  "default-src 'self'",
  "style-src 'self'",
  "style-src-attr 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': DASHBOARD_POLICY,
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
};
const YEAR_SECONDS = 31_536_000;

/** Served without a token: it holds nothing of anybody, and what it asks for needs one. */
export const OPEN = { open: true } as const;

/**
 * The dashboard's files below `/dashboard/`; where there is none of a path, the page, whose script knows what to show.
 * @param folder what the build of the dashboard made
 * @param prefix path before all of ours, as browsers see it, without a slash at its end; empty: none
 */
export function dashboardPageRoutes(app: FastifyInstance, folder: string, prefix: string): void {
  const schema = { hide: true };
  let files: Promise<ServedFiles | null> | null = null;
  const read = async (): Promise<ServedFiles> => {
    files ??= readFolder(folder, (page) => pageBelow(prefix, page));
    const found = await files.catch((error: unknown) => {
      files = null;
      throw error;
    });
    if (found) return found;
    // Looked for again: it may be built meanwhile.
    files = null;
    throw new GutsError('not_found', 'the dashboard is not installed beside this guts-api', {
      remedy: 'Build it (npm run build), or install the package whole; the API and guts work without it.',
    });
  };

  // Relative, so that a proxy may serve it under a path of its own.
  app.get(DASHBOARD_PATH.slice(0, -1), { schema, config: OPEN }, (_request, reply) =>
    reply.code(302).header('location', DASHBOARD_PATH.slice(1)).send(),
  );
  app.get<{ Params: { '*': string } }>(
    `${DASHBOARD_PATH}*`,
    { schema, config: OPEN },
    async (request, reply) => {
      const all = await read();
      const path = request.params['*'];
      const named = all.get(path);
      // A page for a script that is gone would only be a riddle.
      if (!named && path.startsWith('assets/'))
        throw new GutsError('not_found', `the dashboard has no ${path}`, {
          remedy: 'Load the page again: this guts-api serves another version of it.',
        });
      const file = named ?? all.get('index.html');
      if (!file) throw new GutsError('internal', 'the dashboard has no index.html');
      void reply.headers(HEADERS).headers({
        'cache-control': file.lasting ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache',
        etag: file.etag,
        vary: 'Accept-Encoding',
      });
      const known = request.headers['if-none-match'] ?? '';
      if (known.includes(file.etag)) return reply.code(304).send();
      const encoding = file.encodingFor(request.headers['accept-encoding'] ?? '');
      if (encoding) void reply.header('content-encoding', encoding);
      return reply.type(file.type).send(await file.bytes(encoding));
    },
  );
}
