/** An export of a server on this host, for threads that connect to it by themselves. Plain data: it is sent to them. */
export interface LocalExport {
  /** Of the server's Unix socket. */
  readonly path: string;
  readonly exportName: string;
  /** As it was when it was opened: bytes, and the transmission flags. Another one then is not read. */
  readonly size: number;
  readonly flags: number;
  /** Bytes that reads begin and end at multiples of. */
  readonly minimumBlock: number;
  /** Bytes that one request reads at most. */
  readonly requestBytes: number;
}

/** What tells one from another. */
export const keyOf = ({ path, exportName }: Pick<LocalExport, 'path' | 'exportName'>): string =>
  `${path}\0${exportName}`;

/** An export that may be lent to threads, as long as that works. */
export interface LentExport {
  readonly export: LocalExport;
  /** Why a thread could not read it by itself; null: none failed so far. */
  readonly obstacle: Error | null;
  /** A thread could not: everything goes the usual way from now on, where whatever is wrong shows. */
  giveUp(why: Error): void;
}

export function lentExport(local: LocalExport): LentExport {
  let obstacle: Error | null = null;
  return {
    export: local,
    get obstacle() {
      return obstacle;
    },
    giveUp: (why) => {
      obstacle ??= why;
    },
  };
}
