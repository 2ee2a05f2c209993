import { GutsError, PROJECT_LOCAL } from '@guts/core';
import type { Caller } from '../authenticator.ts';

/** Keystone's ids are 32 hexadecimal digits; some tools write them as UUIDs. */
const PROJECT = /^\/v1\/([0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?=[/?#]|$)/i;

/** What a target is that is no path (RFC 9112, section 3.2): no route of ours begins so. */
const NO_PATH = '/*';

/** The path and query of a request's target, which a client may send with the server's address before it. */
function pathOf(target: string): string {
  const path = target.replace(/^https?:\/\/[^/?#]*/i, '');
  if (path.startsWith('/')) return path;
  return path.length === target.length ? NO_PATH : `/${path}`;
}

/** What our own paths begin with: a prefix that looks the same is never taken away. */
const OURS = /^\/(v1|dashboard|healthcheck|metrics)(\/|$)/;

/**
 * A target without the path of `public_url`. A proxy that serves us below a path usually takes it away, and not
 * everybody comes by the proxy: the addresses in our pages begin with it all the same.
 * @param prefix empty, or begins with a slash and does not end in one
 */
export function withoutPrefix(target: string, prefix: string): string {
  if (prefix === '' || OURS.test(prefix)) return target;
  const path = pathOf(target);
  if (!path.startsWith(prefix)) return target;
  const rest = path.slice(prefix.length);
  if (rest.startsWith('/')) return rest;
  return rest === '' || rest.startsWith('?') ? `/${rest}` : target;
}

/** The project that the path of a target names, as it was written; null: none. */
export function projectInPath(target: string): string | null {
  return PROJECT.exec(pathOf(target))?.[1] ?? null;
}

/** A path as our routes know it: every one may have the project after `/v1`, as catalogs write endpoints. */
export function withoutProject(target: string): string {
  return pathOf(target).replace(PROJECT, '/v1');
}

const plain = (id: string): string => id.replaceAll('-', '').toLowerCase();

/**
 * Who asks, in the project that the request names. The local token knows one project only, whatever an address says.
 * @param project null: none is named
 * @param anywhere the policy lets the caller act in any project
 * @throws GutsError `forbidden` when the token is of another project
 */
export function inProject(caller: Caller, project: string | null, anywhere: boolean): Caller {
  const own = caller.projectId;
  if (project === null || own === PROJECT_LOCAL || (own !== null && plain(project) === plain(own)))
    return caller;
  if (anywhere) return { ...caller, projectId: plain(project) };
  throw new GutsError(
    'forbidden',
    `the path names project ${project}; the token is of ${own === null ? 'the whole system' : 'another one'}`,
    {
      remedy: 'Ask for a token of that project, or leave the project out of the path.',
    },
  );
}
