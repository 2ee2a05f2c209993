/** Zeros in memory that threads share: what is in it need not be copied for them. */
export function sharedBytes(length: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(length));
}
