import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { GutsError, messageOf } from '@guts/core';
import type { BusOptions } from '../open.ts';

/** What amqplib is given: never a URL, for errors quote URLs. */
export interface Address {
  readonly connection: {
    readonly protocol: 'amqp' | 'amqps';
    readonly hostname: string;
    readonly port: number;
    readonly username: string;
    readonly password: string;
    readonly vhost: string;
    /** Seconds between heartbeats: a dead connection is noticed after two of them. */
    readonly heartbeat: number;
  };
  readonly socket: { readonly timeout: number; readonly servername?: string; readonly ca?: Buffer[] };
  /** As people may see it. */
  readonly name: string;
}

const CONNECT_MS = 10_000;

/** What the address and its file are called where they are set. */
const OF_BUS = { url: 'bus_url', ca: 'bus_ca_file' };

/** @throws GutsError `configuration` */
export function addressOf(
  { url, password, tls }: Pick<BusOptions, 'url' | 'password' | 'tls'>,
  settings: { readonly url: string; readonly ca: string } = OF_BUS,
): Address {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new GutsError('configuration', `${settings.url} is no URL`, {
      field: settings.url,
      remedy: 'Write amqp://user@host:port/vhost; %2f stands for a slash in the name of a vhost.',
    });
  }
  const secure = parsed.protocol === 'amqps:';
  const path = parsed.pathname.replace(/^\//, '');
  const connection = {
    protocol: secure ? ('amqps' as const) : ('amqp' as const),
    hostname: parsed.hostname,
    port: parsed.port === '' ? (secure ? 5671 : 5672) : Number(parsed.port),
    username: decodeURIComponent(parsed.username) || 'guest',
    password: password ?? (decodeURIComponent(parsed.password) || 'guest'),
    vhost: path === '' ? '/' : decodeURIComponent(path),
    heartbeat: 10,
  };
  const name = `${connection.hostname}:${connection.port}`;
  if (!secure) return { connection, socket: { timeout: CONNECT_MS }, name };
  const ca = tls?.caFile === undefined ? {} : { ca: [readCa(tls.caFile, settings.ca)] };
  // An address is no server name (RFC 6066, section 3).
  const servername = isIP(parsed.hostname) === 0 ? { servername: parsed.hostname } : {};
  return { connection, socket: { timeout: CONNECT_MS, ...servername, ...ca }, name };
}

function readCa(file: string, setting: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new GutsError('configuration', `${setting} ${file}: ${messageOf(error)}`, { cause: error });
  }
}
