const MAGIC = 0xfd2f_b528;

/**
 * Bytes of the zstd frame at the beginning of `bytes` (RFC 8878, section 3.1.1). A compressed cluster is followed by
 * padding or its neighbour's beginning, which a decompressor would take for another frame. Throws an `Error` if there is no whole frame.
 */
export function zstdFrameLength(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const need = (end: number): void => {
    if (end > bytes.length) throw new Error('the zstd frame ends too early');
  };
  need(5);
  if (view.getUint32(0, true) !== MAGIC) throw new Error('no zstd frame');
  const descriptor = view.getUint8(4);
  const singleSegment = (descriptor >> 5) & 1;
  const checksum = (descriptor >> 2) & 1;
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const contentSize = [singleSegment, 2, 4, 8][descriptor >> 6] ?? 0;
  let at = 5 + (1 - singleSegment) + dictionary + contentSize;
  for (;;) {
    need(at + 3);
    const block = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    // Type 1 repeats one byte.
    at += 3 + (((block >> 1) & 3) === 1 ? 1 : block >> 3);
    if ((block & 1) !== 0) break;
  }
  at += 4 * checksum;
  need(at);
  return at;
}
