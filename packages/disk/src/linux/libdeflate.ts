/** The library that inflates in about half of zlib's time (MIT licence; Debian: libdeflate0, Fedora: libdeflate). */
export const LIBDEFLATE = 'libdeflate.so.0';

/** Whether this host has libdeflate, so that exports are inflated by it. */
export async function hasLibdeflate(): Promise<boolean> {
  try {
    const { default: koffi } = await import('koffi');
    koffi.load(LIBDEFLATE).unload();
    return true;
  } catch {
    return false; // zlib takes longer, and does the same
  }
}
