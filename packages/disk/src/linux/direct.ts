import { constants, type FileHandle, open } from 'node:fs/promises';

/** Every file system and device takes direct reads that begin and end at multiples of so many bytes. */
export const DIRECT_ALIGNMENT = 4096;

const WASM_PAGE = 65_536;
interface MemoryOfWebAssembly {
  readonly Memory: new (descriptor: { initial: number }) => { readonly buffer: ArrayBuffer };
}

/**
 * Memory that begins at a page of the system, as direct reads need: V8 maps what WebAssembly gets, and says nowhere where
 * anything else begins. At least so many bytes.
 */
export function pageAlignedMemory(bytes: number): Uint8Array {
  const { Memory } = (globalThis as unknown as { WebAssembly: MemoryOfWebAssembly }).WebAssembly;
  return new Uint8Array(new Memory({ initial: Math.max(1, Math.ceil(bytes / WASM_PAGE)) }).buffer);
}

/**
 * Opens a file or device a second time, for reads that go past the page cache (open(2), O_DIRECT). Null: this host, this
 * file system or this kernel does not give any.
 * @param handle of the same file, open
 */
export async function openDirect({ fd }: FileHandle): Promise<FileHandle | null> {
  if (process.platform !== 'linux') return null;
  let direct: FileHandle | undefined;
  try {
    // The very file that is open, whatever its name means by now.
    direct = await open(`/proc/self/fd/${fd}`, constants.O_RDONLY | constants.O_DIRECT);
    await direct.read(pageAlignedMemory(DIRECT_ALIGNMENT), 0, DIRECT_ALIGNMENT, 0);
    return direct;
  } catch {
    // Whoever cannot have it reads the usual way, where whatever else is wrong shows.
    await direct?.close();
    return null;
  }
}
