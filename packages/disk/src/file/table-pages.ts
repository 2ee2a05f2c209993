import { CorruptDiskError } from '../errors.ts';
import { readBytes, type ImageFile } from './image-file.ts';
import { SharedCache } from './shared-cache.ts';

const PAGE = 32 * 1024;
/** 4 MiB: tables of 64 GiB of a sparse VMDK, of 32 GiB of a qcow2. */
const MAX_PAGES = 128;

/** Reads tables of disk files page by page, keeping the pages used last: memory is bounded, however large the disk. */
export class TablePages {
  readonly #pages = new SharedCache<Uint8Array>(MAX_PAGES);
  readonly #never = new AbortController().signal;

  /**
   * The bytes [position, position + length) of the file; not to be changed. Throws `CorruptDiskError`
   * if the file ends before.
   */
  async bytes(file: ImageFile, position: number, length: number, signal: AbortSignal): Promise<Uint8Array> {
    if (position > file.size || length > file.size - position)
      throw new CorruptDiskError(
        `a table of ${file.name} lies beyond the file's ${file.size} bytes`,
        position,
      );
    const first = Math.floor(position / PAGE);
    const last = Math.floor((position + length - 1) / PAGE);
    const start = position - first * PAGE;
    if (first === last) return (await this.#page(file, first, signal)).subarray(start, start + length);
    const joined = new Uint8Array(length);
    for (let page = first; page <= last; page += 1) {
      const bytes = await this.#page(file, page, signal);
      if (page === first) joined.set(bytes.subarray(start));
      else joined.set(bytes.subarray(0, position + length - page * PAGE), page * PAGE - position);
    }
    return joined;
  }

  #page(file: ImageFile, page: number, signal: AbortSignal): Promise<Uint8Array> {
    const load = (): Promise<Uint8Array> =>
      readBytes(file, page * PAGE, Math.min(PAGE, file.size - page * PAGE), this.#never);
    return this.#pages.get(`${file.identity}/${page}`, 1, load, signal);
  }
}
