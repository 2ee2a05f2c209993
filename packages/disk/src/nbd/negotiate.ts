import { UnsupportedDiskError } from '../errors.ts';
import { NbdError, printable, protocolError } from './errors.ts';
import { Inbox } from './inbox.ts';
import { encodeGo, encodeMetaContexts, encodeOption, readReplies, refusal } from './options.ts';
import {
  DEFAULT_BLOCK_SIZES,
  EXPORT_FLAG,
  HANDSHAKE,
  INFO,
  INIT_MAGIC,
  OLDSTYLE_MAGIC,
  OPTION,
  OPTION_MAGIC,
  OPTION_REPLY,
} from './protocol.ts';
import { startTls, tlsSettings, type NbdTls } from './tls.ts';
import type { Transport } from './transport.ts';
import { checkName, type NbdTarget } from './uri.ts';

/** What was agreed with a server about an export. Sizes in bytes. */
export interface NbdExport {
  readonly size: number;
  /** "Transmission flags", as sent; `can` reads them. */
  readonly flags: number;
  /** Every request's offset and length is a multiple of it; a power of two up to 65536. */
  readonly minimumBlock: number;
  /** Requests aligned to it are fast. A power of two. */
  readonly preferredBlock: number;
  /** No more data in one request; a multiple of `minimumBlock`, at most 32 MiB. */
  readonly maximumPayload: number;
  readonly structured: boolean;
  /** Names of the selected metadata contexts, with the number that stands for each on this connection. */
  readonly contexts: ReadonlyMap<string, number>;
}

/** Whether the export offers what a flag exposes. */
export const can = ({ flags }: NbdExport, feature: keyof typeof EXPORT_FLAG): boolean =>
  (flags & EXPORT_FLAG[feature]) !== 0;

export interface Handshake {
  readonly transport: Transport;
  readonly inbox: Inbox;
  /** The server offered, and we accepted, to leave out 124 bytes of nothing ("Handshake flags"). */
  readonly noZeroes: boolean;
}

/**
 * Exchanges greetings, and starts TLS where the target or the credentials want it: then it is used or the
 * connection fails, for nothing less protects from who sits between ("Protocol downgrade attacks").
 * Throws `NbdError`: `nbd_too_old`, `nbd_tls_refused`, `nbd_untrusted`, `nbd_protocol`.
 */
export async function greet(
  transport: Transport,
  target: NbdTarget,
  tls: NbdTls | undefined,
  signal: AbortSignal,
): Promise<Handshake> {
  checkName(target.exportName);
  const settings = target.secure || tls ? tlsSettings(target, tls ?? {}) : undefined;
  const inbox = new Inbox();
  transport.use(inbox.push, inbox.fail);
  const greeting = await inbox.take(16);
  if (greeting.readBigUInt64BE(0) !== INIT_MAGIC)
    throw protocolError('it does not greet as an NBD server does');
  const style = greeting.readBigUInt64BE(8);
  if (style === OLDSTYLE_MAGIC)
    throw new NbdError(
      'nbd_too_old',
      'the NBD server speaks the oldstyle protocol only, which cannot name exports',
    );
  if (style !== OPTION_MAGIC) throw protocolError('its greeting has an unknown magic number');
  const offered = (await inbox.take(2)).readUInt16BE();
  if ((offered & HANDSHAKE.fixedNewstyle) === 0)
    throw new NbdError('nbd_too_old', 'the NBD server does not speak the fixed newstyle protocol');
  const flags = Buffer.alloc(4);
  flags.writeUInt32BE(offered & (HANDSHAKE.fixedNewstyle | HANDSHAKE.noZeroes));
  transport.send(flags, undefined);
  if (settings) {
    transport.send(encodeOption(OPTION.startTls), undefined);
    const outcome = await readReplies(inbox, OPTION.startTls, 0, () => undefined);
    if (!outcome.accepted)
      throw new NbdError(
        'nbd_tls_refused',
        `the NBD server at ${transport.where} does not offer TLS${outcome.said === '' ? '' : `; it says: ${outcome.said}`}`,
      );
    // What came in plain text must not be taken for what the server says under TLS.
    if (inbox.unread > 0) throw protocolError('it sends plain text after TLS was agreed on');
    transport.replace(await startTls(transport.socket, settings, transport.where, signal));
  }
  return { transport, inbox, noZeroes: (offered & HANDSHAKE.noZeroes) !== 0 };
}

/** Asks for the export and what we can use of it; afterwards the transmission phase has begun. */
export async function enterExport(
  handshake: Handshake,
  exportName: string,
  wantedContexts: readonly string[],
): Promise<NbdExport> {
  const { transport, inbox } = handshake;
  transport.send(encodeOption(OPTION.structuredReply), undefined);
  const outcome = await readReplies(inbox, OPTION.structuredReply, 0, () => undefined);
  if (!outcome.accepted && outcome.error === OPTION_REPLY.tlsRequired)
    throw refusal(OPTION.structuredReply, outcome, exportName);
  const structured = outcome.accepted;
  const contexts =
    structured && wantedContexts.length > 0
      ? await selectContexts(handshake, exportName, wantedContexts)
      : new Map<string, number>();
  const { size, flags, blocks } = await go(handshake, exportName);
  return { ...checkedSizes(size, blocks), flags, structured, contexts };
}

/** "NBD_OPT_SET_META_CONTEXT": its failure means that there are none. */
async function selectContexts(
  { transport, inbox }: Handshake,
  exportName: string,
  wanted: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const contexts = new Map<string, number>();
  transport.send(encodeOption(OPTION.setMetaContext, encodeMetaContexts(exportName, wanted)), undefined);
  const outcome = await readReplies(inbox, OPTION.setMetaContext, wanted.length, ({ type, data }) => {
    if (type !== OPTION_REPLY.metaContext || data.length < 4)
      throw protocolError('it replies to the choice of metadata with something else');
    const name = data.toString('utf8', 4);
    const id = data.readUInt32BE(0);
    if (!wanted.includes(name) || contexts.has(name) || [...contexts.values()].includes(id))
      throw protocolError('it selects metadata that was not asked for, or the same twice');
    contexts.set(name, id);
  });
  return outcome.accepted ? contexts : new Map<string, number>();
}

interface RawExport {
  readonly size: bigint;
  readonly flags: number;
  readonly blocks?: { readonly minimum: number; readonly preferred: number; readonly maximum: number };
}

/** How many pieces of information a server may send of one export; the protocol knows four. */
const INFO_LIMIT = 64;

/** "NBD_OPT_INFO and NBD_OPT_GO", with the older option where the server does not know it. */
async function go(handshake: Handshake, exportName: string): Promise<RawExport> {
  const { transport, inbox } = handshake;
  let found: { size: bigint; flags: number } | undefined;
  let blocks: RawExport['blocks'];
  transport.send(encodeOption(OPTION.go, encodeGo(exportName, [INFO.blockSize])), undefined);
  const outcome = await readReplies(inbox, OPTION.go, INFO_LIMIT, ({ type, data }) => {
    if (type !== OPTION_REPLY.info || data.length < 2)
      throw protocolError('it replies to the choice of an export with something else');
    const info = data.readUInt16BE(0);
    if (info === INFO.export) {
      if (data.length !== 12) throw protocolError('its information on the export has a wrong length');
      found = { size: data.readBigUInt64BE(2), flags: data.readUInt16BE(10) };
    } else if (info === INFO.blockSize) {
      if (data.length !== 14) throw protocolError('its information on block sizes has a wrong length');
      blocks = {
        minimum: data.readUInt32BE(2),
        preferred: data.readUInt32BE(6),
        maximum: data.readUInt32BE(10),
      };
    }
  });
  if (outcome.accepted) {
    if (!found) throw protocolError('it accepts the export but does not describe it');
    return { ...found, ...(blocks ? { blocks } : {}) };
  }
  if (outcome.error !== OPTION_REPLY.unsupported) throw refusal(OPTION.go, outcome, exportName);
  transport.send(encodeOption(OPTION.exportName, Buffer.from(exportName)), undefined);
  try {
    const answer = await inbox.take(handshake.noZeroes ? 10 : 134);
    return { size: answer.readBigUInt64BE(0), flags: answer.readUInt16BE(8) };
  } catch (error) {
    // "NBD_OPT_EXPORT_NAME": a server that has no such export can only hang up.
    if (!(error instanceof NbdError) || error.code !== 'nbd_connection_lost') throw error;
    throw new NbdError(
      'nbd_export_unknown',
      `the NBD server hangs up when asked for the export ${JSON.stringify(exportName)}: it has none of that name, or wants TLS`,
      { cause: error },
    );
  }
}

const isPowerOfTwo = (value: number): boolean => value > 0 && (value & (value - 1)) === 0;

/** Holds the server to section "Size constraints", and to what Node counts exactly. */
function checkedSizes(
  rawSize: bigint,
  blocks: RawExport['blocks'],
): Pick<NbdExport, 'size' | 'minimumBlock' | 'preferredBlock' | 'maximumPayload'> {
  const { minimum, preferred, maximum } = blocks ?? DEFAULT_BLOCK_SIZES;
  if (
    !isPowerOfTwo(minimum) ||
    minimum > 65536 ||
    !isPowerOfTwo(preferred) ||
    preferred < Math.max(minimum, 512) ||
    preferred > 2 ** 30 ||
    maximum < preferred
  )
    throw protocolError(`its block sizes ${minimum}, ${preferred} and ${maximum} are not possible`);
  if (rawSize > BigInt(Number.MAX_SAFE_INTEGER))
    throw new UnsupportedDiskError(`the NBD export claims ${rawSize} bytes, more than any disk has`);
  const size = Number(rawSize);
  if (size % minimum !== 0)
    throw new UnsupportedDiskError(
      `the NBD export has ${size} bytes, but serves whole blocks of ${minimum} only: its last bytes cannot be reached`,
    );
  const most = Math.min(maximum, DEFAULT_BLOCK_SIZES.maximum);
  return { size, minimumBlock: minimum, preferredBlock: preferred, maximumPayload: most - (most % minimum) };
}

export interface ListedExport {
  readonly name: string;
  /** In the server's words; often empty. */
  readonly description: string;
}

/** Exports that a list may have, and bytes of all of them together. */
const LIST_LIMIT = 10_000;
const LIST_BYTES = 4 * 1024 * 1024;

/** "NBD_OPT_LIST", then ends the session. Throws `NbdError`, `nbd_policy` where the server keeps them to itself. */
export async function list({ transport, inbox }: Handshake): Promise<ListedExport[]> {
  const exports: ListedExport[] = [];
  let bytes = 0;
  transport.send(encodeOption(OPTION.list), undefined);
  const outcome = await readReplies(inbox, OPTION.list, LIST_LIMIT, ({ type, data }) => {
    const length = data.length < 4 ? Infinity : data.readUInt32BE(0);
    if (type !== OPTION_REPLY.server || length > data.length - 4)
      throw protocolError('its list of exports cannot be read');
    bytes += data.length;
    if (bytes > LIST_BYTES) throw protocolError('its list of exports has no end');
    exports.push({
      name: data.toString('utf8', 4, 4 + length),
      description: printable(data.subarray(4 + length)),
    });
  });
  if (!outcome.accepted) throw refusal(OPTION.list, outcome, '');
  return exports;
}
