import { NbdError } from './errors.ts';
import { DEFAULT_PORT, MAX_STRING } from './protocol.ts';

/** Where an NBD server listens. */
export type NbdAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** One export of one server. */
export interface NbdTarget {
  readonly address: NbdAddress;
  /** Free text without NUL, at most 4096 bytes; empty for the server's default export. */
  readonly exportName: string;
  /** TLS must be used. It is used as well, and no less strictly, where credentials for it are given. */
  readonly secure: boolean;
  /** The name that the server's certificate must bear, where the host's is not it or there is none. */
  readonly tlsServerName?: string;
  /** Identity for TLS with a pre-shared key. */
  readonly user?: string;
}

const refuse = (why: string): NbdError => new NbdError('nbd_uri', `the NBD address ${why}`);

/**
 * Reads an NBD URI: `nbd://host:port/export`, `nbds://`, `nbd+unix:///export?socket=path`, `nbds+unix://`
 * (doc/uri.md beside the protocol). Port 10809 where none is given. `nbd` without credentials for TLS is plain:
 * nothing is encrypted opportunistically, for that protects from nobody.
 * Throws `NbdError` (`nbd_uri`), which never quotes the address: it may hold what is secret.
 */
export function parseNbdUri(text: string): NbdTarget {
  const parts =
    /^(?<scheme>nbds?(?:\+unix)?):\/\/(?<authority>[^/?#]*)(?<path>\/[^?#]*)?(?:\?(?<query>[^#]*))?$/i.exec(
      text,
    )?.groups;
  if (!parts) throw refuse('is no URI that begins with nbd://, nbds://, nbd+unix:// or nbds+unix://');
  const scheme = (parts['scheme'] ?? '').toLowerCase();
  const query = readQuery(parts['query'] ?? '');
  const exportName = decode((parts['path'] ?? '/').slice(1));
  checkName(exportName);
  const authority = readAuthority(parts['authority'] ?? '');
  const target = {
    exportName,
    secure: scheme.startsWith('nbds'),
    ...(query.tlsServerName === undefined ? {} : { tlsServerName: query.tlsServerName }),
    ...(authority.user === undefined ? {} : { user: authority.user }),
  };
  if (scheme.endsWith('+unix')) {
    if (query.socket === undefined || query.socket === '') throw refuse('names no socket (?socket=path)');
    if (authority.host !== '' || authority.port !== undefined)
      throw refuse('names both a host and a socket; write nbd+unix:///export?socket=path');
    return { ...target, address: { kind: 'unix', path: query.socket } };
  }
  if (query.socket !== undefined) throw refuse('names a socket, but its scheme is not nbd+unix');
  if (authority.host === '') throw refuse('names no host');
  return {
    ...target,
    address: { kind: 'tcp', host: authority.host, port: authority.port ?? DEFAULT_PORT },
  };
}

function readAuthority(text: string): { host: string; port?: number; user?: string } {
  const at = text.lastIndexOf('@');
  const userinfo = text.slice(0, Math.max(0, at));
  if (userinfo.includes(':')) throw refuse('holds a password, which belongs into a file');
  const found = /^(?:\[(?<six>[0-9a-f:.]+)\]|(?<name>[^:[\]]*))(?::(?<port>\d{0,5}))?$/i.exec(
    text.slice(at + 1),
  );
  if (!found?.groups) throw refuse('has no readable host and port');
  const { six, name, port } = found.groups;
  const number = port === undefined || port === '' ? undefined : Number(port);
  if (number !== undefined && (number < 1 || number > 65535)) throw refuse('has a port outside 1 to 65535');
  const host = six ?? decode(name ?? '');
  if (/[\p{C}\s/]/u.test(host)) throw refuse('has no readable host and port');
  return {
    host,
    ...(number === undefined ? {} : { port: number }),
    ...(userinfo === '' ? {} : { user: decode(userinfo) }),
  };
}

function readQuery(text: string): { socket?: string; tlsServerName?: string } {
  const found: { socket?: string; tlsServerName?: string } = {};
  const seen = new Set<string>();
  for (const pair of text === '' ? [] : text.split('&')) {
    const equals = pair.indexOf('=');
    const key = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? '' : decode(pair.slice(equals + 1));
    if (seen.has(key)) throw refuse('has a query parameter twice');
    seen.add(key);
    if (key === 'socket') found.socket = value;
    else if (key === 'tls-hostname') found.tlsServerName = value;
    else if (key === 'tls-type' && (value === 'x509' || value === 'psk')) continue;
    else if (key === 'tls-type')
      throw refuse('wants TLS of a type other than x509 or psk: that trusts anybody');
    else if (key === 'tls-verify-peer' && value === '1') continue;
    else if (key === 'tls-verify-peer')
      throw refuse('wants TLS that trusts anybody; give the fingerprint of the certificate instead');
    else throw refuse('has a query parameter other than socket, tls-hostname, tls-type and tls-verify-peer');
  }
  return found;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refuse('has a percent sign that begins no UTF-8 character');
  }
}

/** Throws `NbdError` (`nbd_uri`) unless the protocol takes it as the name of an export ("Conventions"). */
export function checkName(exportName: string): void {
  if (exportName.includes('\0')) throw refuse('has an export name with a NUL in it');
  if (Buffer.byteLength(exportName) > MAX_STRING)
    throw refuse(`has an export name of more than ${MAX_STRING} bytes`);
}

/** The address as it may stand in a message. */
export function addressText(address: NbdAddress): string {
  if (address.kind === 'unix') return address.path;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
