import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.map': 'application/json; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.ico': 'image/vnd.microsoft.icon',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
};
/** What is worth compressing; pictures and fonts are compressed already. */
const COMPRESSED = /^(text\/|application\/|image\/svg)/;
/** Less is not worth it; bytes. */
const SMALL = 1024;

type Encoding = 'br' | 'gzip';
const compress: Readonly<Record<Encoding, (bytes: Buffer) => Promise<Buffer>>> = {
  br: (bytes) => promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } }),
  gzip: (bytes) => promisify(gzip)(bytes),
};

/** A file as it is served. */
export class ServedFile {
  readonly type: string;
  /** Weak: the same whether compressed or not. */
  readonly etag: string;
  /** Its name tells its content: it may be kept for ever. */
  readonly lasting: boolean;
  readonly #bytes: Buffer;
  readonly #compressed = new Map<Encoding, Promise<Buffer>>();

  constructor(path: string, bytes: Buffer) {
    this.#bytes = bytes;
    this.type = TYPES[extname(path)] ?? 'application/octet-stream';
    this.etag = `W/"${createHash('sha256').update(bytes).digest('base64url')}"`;
    this.lasting = path.startsWith('assets/');
  }

  /** Null: as it is. @param accepted the header Accept-Encoding */
  encodingFor(accepted: string): Encoding | null {
    if (this.#bytes.length < SMALL || !COMPRESSED.test(this.type)) return null;
    const names = accepted
      .toLowerCase()
      .split(',')
      .map((one) => one.trim())
      .filter((one) => !/;\s*q=0(\.0*)?$/.test(one))
      .map((one) => one.split(';')[0]?.trim());
    return (['br', 'gzip'] as const).find((one) => names.includes(one)) ?? null;
  }

  /** Compressed at most once. */
  bytes(encoding: Encoding | null): Promise<Buffer> {
    if (encoding === null) return Promise.resolve(this.#bytes);
    let made = this.#compressed.get(encoding);
    if (!made) {
      made = compress[encoding](this.#bytes);
      this.#compressed.set(encoding, made);
    }
    return made;
  }
}

/** Files by their path below the folder, with slashes. */
export type ServedFiles = ReadonlyMap<string, ServedFile>;

/**
 * Reads a folder whole, so that what is served is of one build, and only what was in it: no path leads out of it. Files
 * and folders whose names begin with a dot, and links, are left out.
 * @param page makes of the content of index.html what is served as that
 * @returns null: the folder, or its index.html, is not there
 */
export async function readFolder(
  folder: string,
  page: (html: string) => string,
): Promise<ServedFiles | null> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = new Map<string, ServedFile>();
    for (const entry of entries) {
      if (!entry.isFile()) continue;
      const full = join(entry.parentPath, entry.name);
      const path = relative(folder, full).split(sep).join('/');
      if (path.split('/').some((name) => name.startsWith('.'))) continue;
      const bytes = await readFile(full);
      files.set(
        path,
        new ServedFile(path, path === 'index.html' ? Buffer.from(page(bytes.toString('utf8'))) : bytes),
      );
    }
    return files.has('index.html') ? files : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
