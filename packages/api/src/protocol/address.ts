import { atLeast } from '@guts/contract';
import type { FastifyRequest } from 'fastify';

/** Characters that a host and port are made of (RFC 3986, section 3.2); another Host is no part of a link. */
const HOST = /^[a-z0-9._~\-[\]:]{1,255}$/i;

/** Where clients reach us: as was set, else as this one did. */
export function originOf(request: FastifyRequest, publicUrl: string | null): string {
  if (publicUrl !== null) return publicUrl.replace(/\/+$/, '');
  return HOST.test(request.host) ? `${request.protocol}://${request.host}` : '';
}

/** The path of an address, without slashes at its end: empty when it has none. Null: clients say it, and it has none. */
export function pathOfAddress(address: string | null): string {
  if (address === null) return '';
  return new URL(address).pathname.replaceAll(/\/{2,}/g, '/').replace(/\/$/, '');
}

/**
 * A path of ours as this client writes it: with the project in it when the request had one; from version 1.1 on as an
 * absolute address.
 */
export function hrefOf(request: FastifyRequest, publicUrl: string | null, path: string): string {
  const project = request.projectInPath;
  const own = project === null ? path : path.replace(/^\/v1(?=\/|$)/, `/v1/${project}`);
  return atLeast(request.apiVersion, '1.1') ? `${originOf(request, publicUrl)}${own}` : own;
}
