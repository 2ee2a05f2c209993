/** Whose key: two users never meet in one. */
export interface KeyOwner {
  readonly projectId: string;
  readonly userId: string | null;
  /** As the client chose it. */
  readonly key: string;
}

/** A request that was made under a key. */
export interface KeyedRequest {
  /** This call took it: nobody else answers it now. */
  readonly taken: boolean;
  /** Taken over from a request that was never answered: some of what it was to make may be there. */
  readonly resumed: boolean;
  /** Which all ids of what the request makes come from. */
  readonly baseId: string;
  readonly sealedDigest: string;
  /** Null: not answered (yet). */
  readonly answer: { readonly status: number; readonly body: unknown } | null;
}

/** Requests that create, so that one that is sent again creates nothing again; kept for a day. */
export interface IdempotencyStore {
  /**
   * Takes a key for a request, unless it is taken already.
   * @param patienceSeconds after which a request that was not answered is taken over
   */
  takeKey(
    owner: KeyOwner,
    first: { readonly baseId: string; readonly sealedDigest: string },
    patienceSeconds: number,
  ): Promise<KeyedRequest>;
  answerKey(owner: KeyOwner, answer: { readonly status: number; readonly body: unknown }): Promise<void>;
  /** @param forget nothing was made: the key is free for another request; else it may be taken over at once */
  dropKey(owner: KeyOwner, forget: boolean): Promise<void>;
}
