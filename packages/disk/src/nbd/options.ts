import { NbdError, printable, protocolError, type NbdErrorCode } from './errors.ts';
import type { Inbox } from './inbox.ts';
import { OPTION, OPTION_MAGIC, OPTION_REPLY, OPTION_REPLY_MAGIC } from './protocol.ts';

/** No reply of an option is longer: two strings of 4096 bytes and their frame, and room to spare. */
const REPLY_LIMIT = 16 * 1024;

/** An option as it is sent ("Newstyle negotiation"). */
export function encodeOption(option: number, data: Uint8Array = new Uint8Array(0)): Buffer {
  const message = Buffer.alloc(16 + data.length);
  message.writeBigUInt64BE(OPTION_MAGIC, 0);
  message.writeUInt32BE(option, 8);
  message.writeUInt32BE(data.length, 12);
  message.set(data, 16);
  return message;
}

/** A string behind its length in 32 bits. */
function sized(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** The data of `NBD_OPT_GO`: the export's name and the information wanted of it. */
export function encodeGo(exportName: string, wanted: readonly number[]): Buffer {
  const list = Buffer.alloc(2 + 2 * wanted.length);
  list.writeUInt16BE(wanted.length);
  for (const [index, info] of wanted.entries()) list.writeUInt16BE(info, 2 + 2 * index);
  return Buffer.concat([sized(exportName), list]);
}

/** The data of `NBD_OPT_SET_META_CONTEXT`. */
export function encodeMetaContexts(exportName: string, queries: readonly string[]): Buffer {
  const number = Buffer.alloc(4);
  number.writeUInt32BE(queries.length);
  return Buffer.concat([sized(exportName), number, ...queries.map((query) => sized(query))]);
}

export interface OptionReply {
  readonly type: number;
  readonly data: Buffer;
}

/** How an option ended: accepted, or with the type of an error and the server's words. */
export type OptionOutcome =
  { readonly accepted: true } | { readonly accepted: false; readonly error: number; readonly said: string };

/**
 * Reads the replies to an option until its final one ("Fixed newstyle negotiation"), handing each other one to
 * `onReply`. Throws `NbdError` (`nbd_protocol`) for what no server may send.
 * @param most how many replies there may be before the final one
 */
export async function readReplies(
  inbox: Inbox,
  option: number,
  most: number,
  onReply: (reply: OptionReply) => void,
): Promise<OptionOutcome> {
  for (let count = 0; ; count += 1) {
    const head = await inbox.take(20);
    if (head.readBigUInt64BE(0) !== OPTION_REPLY_MAGIC)
      throw protocolError('a reply to an option does not begin with its magic number');
    if (head.readUInt32BE(8) !== option) throw protocolError('it replies to an option that was not sent');
    const type = head.readUInt32BE(12);
    const length = head.readUInt32BE(16);
    if (length > REPLY_LIMIT) throw protocolError(`a reply to an option is ${length} bytes long`);
    const data = await inbox.take(length);
    if (type === OPTION_REPLY.ack) return { accepted: true };
    if (type >= 0x80000000) return { accepted: false, error: type, said: printable(data) };
    if (count >= most) throw protocolError('it replies to one option without end');
    onReply({ type, data });
  }
}

const NAMES: Readonly<Record<number, string>> = {
  [OPTION.list]: 'to list its exports',
  [OPTION.startTls]: 'TLS',
  [OPTION.go]: 'the export',
  [OPTION.structuredReply]: 'structured replies',
};

/** The typed error for a refused option ("Option reply types"). */
export function refusal(
  option: number,
  { error, said }: { readonly error: number; readonly said: string },
  exportName: string,
): NbdError {
  const fail = (code: NbdErrorCode, message: string): NbdError =>
    new NbdError(code, said === '' ? message : `${message}; it says: ${said}`);
  const what = NAMES[option] ?? `option ${option}`;
  switch (error) {
    case OPTION_REPLY.unknown:
      return fail('nbd_export_unknown', `the NBD server has no export ${JSON.stringify(exportName)}`);
    case OPTION_REPLY.tlsRequired:
      return fail(
        'nbd_tls_required',
        'the NBD server wants TLS: use nbds:// and say how its certificate is trusted',
      );
    case OPTION_REPLY.policy:
      return fail('nbd_policy', `the NBD server's policy forbids ${what}`);
    case OPTION_REPLY.shutdown:
      return fail('nbd_shutdown', 'the NBD server is shutting down');
    default:
      return fail('nbd_refused', `the NBD server refuses ${what} (reply 0x${error.toString(16)})`);
  }
}
