/**
 * Numbers of the NBD protocol. Source of all of this folder: the protocol's own document, doc/proto.md of
 * github.com/NetworkBlockDevice/nbd, whose sections the comments name. All integers on the wire are big endian.
 */

/** "Newstyle negotiation", "Oldstyle negotiation". */
export const INIT_MAGIC = 0x4e42444d41474943n;
export const OPTION_MAGIC = 0x49484156454f5054n;
export const OLDSTYLE_MAGIC = 0x00420281861253n;
/** "Fixed newstyle negotiation". */
export const OPTION_REPLY_MAGIC = 0x3e889045565a9n;
/** "Request message", "Simple reply message", "Structured reply chunk message". */
export const REQUEST_MAGIC = 0x25609513;
export const SIMPLE_REPLY_MAGIC = 0x67446698;
export const STRUCTURED_REPLY_MAGIC = 0x668e33ef;

/** "Handshake flags" and "Client flags": the same bits. */
export const HANDSHAKE = { fixedNewstyle: 1, noZeroes: 2 } as const;

/** "Transmission flags". */
export const EXPORT_FLAG = {
  readOnly: 1 << 1,
  flush: 1 << 2,
  fua: 1 << 3,
  trim: 1 << 5,
  writeZeroes: 1 << 6,
  /** Set where structured replies were negotiated, and only there. */
  dontFragment: 1 << 7,
  multiConn: 1 << 8,
  fastZero: 1 << 11,
} as const;

/** "Option types". */
export const OPTION = {
  exportName: 1,
  abort: 2,
  list: 3,
  startTls: 5,
  go: 7,
  structuredReply: 8,
  setMetaContext: 10,
} as const;

/** "Option reply types". */
export const OPTION_REPLY = {
  ack: 1,
  server: 2,
  info: 3,
  metaContext: 4,
  unsupported: 0x80000001,
  policy: 0x80000002,
  invalid: 0x80000003,
  platform: 0x80000004,
  tlsRequired: 0x80000005,
  unknown: 0x80000006,
  shutdown: 0x80000007,
  blockSizeRequired: 0x80000008,
  tooBig: 0x80000009,
} as const;

/** "NBD_REP_INFO". */
export const INFO = { export: 0, blockSize: 3 } as const;

/** "Request types". */
export const COMMAND = {
  read: 0,
  write: 1,
  disconnect: 2,
  flush: 3,
  trim: 4,
  writeZeroes: 6,
  blockStatus: 7,
} as const;
export type Command = (typeof COMMAND)[keyof typeof COMMAND];

/** "Command flags". */
export const COMMAND_FLAG = { fua: 1, noHole: 2, fastZero: 16 } as const;

/** "Structured reply types"; those with bit 15 are errors. */
export const CHUNK = {
  none: 0,
  offsetData: 1,
  offsetHole: 2,
  blockStatus: 5,
  error: 0x8001,
  errorOffset: 0x8002,
} as const;
export const CHUNK_IS_ERROR = 0x8000;
/** "Structured reply flags". */
export const CHUNK_DONE = 1;

/** "`base:allocation` metadata context"; the bit that says that the bytes read as zero. */
export const ALLOCATION_CONTEXT = 'base:allocation';
export const STATE_ZERO = 2;

/** "Size constraints": what holds where the server names none. Bytes. */
export const DEFAULT_BLOCK_SIZES = { minimum: 1, preferred: 4096, maximum: 32 * 1024 * 1024 } as const;
/** "Conventions": no string is longer, in bytes. */
export const MAX_STRING = 4096;
/** "NBD_REPLY_TYPE_BLOCK_STATUS": a reply should have no more descriptors (of 8 bytes) than this. */
export const MAX_DESCRIPTORS = 2 ** 20;
/** "Newstyle negotiation": the port that IANA reserved. */
export const DEFAULT_PORT = 10809;
