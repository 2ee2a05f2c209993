import { stat } from 'node:fs/promises';
import { drawTable, formatBytes, type Output, UsageError, writeManifestFile } from '@guts/cli';
import { type Clock, GutsError, messageOf } from '@guts/core';
import {
  type CopyBudget,
  copyDisk,
  CopyMemory,
  CopyRate,
  type CopyResult,
  type DiskFileFormat,
  type DiskReader,
  type DiskWriter,
  type Extent,
  verifyDisk,
} from '@guts/disk';
import { toldAsGuts } from '../disk-tool/errors.ts';
import { DiskProgress } from '../disk-tool/progress.ts';
import { readManifest } from '../disk-tool/read-manifest.ts';
import { openSource, type TrustOptions } from '../disk-tool/source.ts';
import { openTarget } from '../disk-tool/target.ts';
import { chunkThreads } from '../wiring/chunk-threads.ts';

/** What the commands work with. */
export interface Surroundings {
  readonly json: boolean;
  readonly out: Output;
  readonly clock: Pick<Clock, 'monotonic' | 'sleep'>;
  readonly signal: AbortSignal;
}
export interface InfoOptions extends TrustOptions {
  readonly format?: DiskFileFormat;
  readonly ovaDisk?: string;
}
export interface CopyOptions extends TrustOptions {
  readonly sourceFormat?: DiskFileFormat;
  readonly ovaDisk?: string;
  readonly force: boolean;
  readonly manifest?: string;
  /** MiB per second. */
  readonly rate?: number;
}
export interface VerifyOptions extends TrustOptions {
  readonly manifest: string;
  readonly format?: DiskFileFormat;
  /** Above 0 and at most 1. */
  readonly sample?: number;
}

const MEMORY = 128 * 2 ** 20;
/** More places than that are counted, not named. */
const PLACES = 1000;

const SILENT: Output = { write: () => undefined };

async function withReader<T>(reader: DiskReader, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await reader.close();
  }
}

/** `guts disk info`. @throws GutsError */
export function diskInfo(
  file: string,
  options: InfoOptions,
  { json, out, signal }: Surroundings,
): Promise<void> {
  return toldAsGuts(async () => {
    const { format, reader } = await openSource(file, options, signal);
    await withReader(reader, async () => {
      let bytes = 0;
      let extents = 0;
      let end = -1;
      for await (const { offset, length, kind } of reader.extents(signal)) {
        if (kind === 'zero') continue;
        bytes += length;
        // Neighbours are one: a reader may tell of them in parts.
        if (offset !== end) extents += 1;
        end = offset + length;
      }
      const known = reader.capabilities.knowsMap;
      const facts = {
        file,
        format,
        size: reader.size,
        data_bytes: known ? bytes : null,
        data_extents: known ? extents : null,
      };
      if (json) {
        out.write(`${JSON.stringify(facts)}\n`);
        return;
      }
      const inBytes = (count: number): string => `${formatBytes(count)} (${count} bytes)`;
      const rows = [
        ['format', format],
        ['size', inBytes(reader.size)],
        ['data', known ? inBytes(bytes) : 'not known: it has no map'],
        ['extents of data', known ? String(extents) : 'not known'],
      ];
      out.write(`${drawTable(['Field', 'Value'], rows)}\n`);
    });
  });
}

async function assertNoFile(path: string): Promise<void> {
  try {
    await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  throw new UsageError(`there is a file ${path} already: give another name, or remove it`);
}

interface Copied {
  readonly format: string;
  readonly size: number;
  readonly result: CopyResult;
  /** The flush is in it. */
  readonly seconds: number;
  /** Why it took longer than it need have; null: it did not. */
  readonly slow: string | null;
}

/** Copies to a target that has its name when this resolves. */
async function copyTo(
  given: { readonly source: string; readonly target: string },
  options: CopyOptions,
  { clock, signal, json, out }: Surroundings,
): Promise<Copied> {
  const { sourceFormat, rate } = options;
  const source = await openSource(
    given.source,
    { ...options, ...(sourceFormat === undefined ? {} : { format: sourceFormat }) },
    signal,
  );
  return withReader(source.reader, async () => {
    const { size } = source.reader;
    const target = await openTarget(given.target, size, options, signal);
    const began = clock.monotonic();
    const progress = new DiskProgress(json ? SILENT : out, clock, {
      name: given.target,
      label: given.source,
      doing: 'copying',
      last: 'flushing',
    });
    try {
      const result = await closing(target.writer, () =>
        copyDisk({
          source: source.reader,
          target: target.writer,
          signal,
          budget: budgetOf(clock, rate),
          clock,
          onProgress: progress.update,
        }),
      );
      const seconds = (clock.monotonic() - began) / 1000;
      await target.commit();
      const slow = source.reader.local?.obstacle?.message ?? null;
      return { format: source.format, size, result, seconds, slow };
    } catch (error) {
      const left = await target.discard();
      if (error !== signal.reason) {
        if (!json) progress.line(left);
        throw error;
      }
      throw new GutsError('cancelled', `interrupted: ${left}`, { cause: error });
    }
  });
}

/** @param rate MiB per second; default as fast as it goes */
const budgetOf = (clock: Surroundings['clock'], rate?: number): CopyBudget => ({
  memory: new CopyMemory(MEMORY),
  rate: new CopyRate(rate === undefined ? null : rate * 2 ** 20, clock),
  threads: chunkThreads(),
});

async function closing<T>(writer: DiskWriter, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await writer.close();
  }
}

/** @throws UsageError when there is a file now: the copy is whole all the same */
async function writeManifest(path: string, target: string, { manifest }: CopyResult): Promise<void> {
  const { size, chunkSize, algorithm, key, pieces } = manifest;
  const scheme = { size, chunk_size: chunkSize, algorithm, key };
  const ours = pieces.map(({ firstChunk, chunks, digests }) => ({
    first_chunk: firstChunk,
    chunks,
    digests,
  }));
  try {
    await writeManifestFile(path, scheme, ours);
  } catch (error) {
    throw new UsageError(`${target} is copied, but it has no manifest: ${messageOf(error)}`);
  }
}

/** `guts disk copy`. @throws GutsError, UsageError */
export function diskCopy(
  source: string,
  target: string,
  options: CopyOptions,
  surroundings: Surroundings,
): Promise<void> {
  return toldAsGuts(async () => {
    const { json, out } = surroundings;
    const { manifest = null } = options;
    // Before hours of copying, not after.
    if (manifest !== null) await assertNoFile(manifest);
    const { format, size, result, seconds, slow } = await copyTo({ source, target }, options, surroundings);
    if (manifest !== null) await writeManifest(manifest, target, result);
    const { bytesRead, bytesWritten, bytesZero } = result;
    if (json) {
      const facts = { source, target, format, size, manifest };
      const bytes = { bytes_read: bytesRead, bytes_written: bytesWritten, bytes_zero: bytesZero };
      out.write(`${JSON.stringify({ ...facts, ...bytes, seconds, slow })}\n`);
      return;
    }
    const rate = seconds > 0 ? `, ${formatBytes(size / seconds)}/s` : '';
    out.write(
      `${target}: ${formatBytes(size)} copied and flushed in ${seconds.toFixed(1)}s${rate}; ` +
        `${formatBytes(bytesWritten)} written, ${formatBytes(bytesZero)} are zero\n`,
    );
    if (slow !== null) out.write(`it went the slower way, through one thread: ${slow}\n`);
    if (manifest !== null) out.write(`${manifest}: its manifest\n`);
  });
}

/** `guts disk verify`. @throws GutsError `disk_mismatch` when it differs */
export function diskVerify(
  disk: string,
  { manifest: file, sample, ...options }: VerifyOptions,
  { json, out, clock, signal }: Surroundings,
): Promise<void> {
  return toldAsGuts(async () => {
    const manifest = await readManifest(file);
    const opened = await openSource(
      disk,
      { ...options, format: options.format ?? 'raw', uncached: true },
      signal,
    );
    const { reader } = opened;
    const progress = new DiskProgress(json ? SILENT : out, clock, {
      name: disk,
      label: file,
      doing: 'comparing',
      last: 'compared',
    });
    const { mismatches, bytesChecked } = await withReader(reader, () => {
      if (reader.size < manifest.size) throw differentSize(disk, reader.size, manifest.size);
      const budget = budgetOf(clock);
      return verifyDisk({ manifest, reader, sample, signal, budget, clock, onProgress: progress.update });
    });
    if (mismatches.length > 0) throw differs(disk, file, mismatches, json ? SILENT : out);
    if (json) {
      out.write(`${JSON.stringify({ disk, manifest: file, bytes_checked: bytesChecked })}\n`);
      return;
    }
    const all = sample === undefined || sample === 1 ? 'every chunk' : 'every chunk of a sample';
    out.write(`${disk}: ${all} is as ${file} has it; ${formatBytes(bytesChecked)} were looked at\n`);
  });
}

const differentSize = (disk: string, size: number, wanted: number): GutsError =>
  new GutsError('disk_mismatch', `${disk} has ${size} bytes, fewer than the ${wanted} of the manifest`, {
    remedy: 'When it is no raw disk, say what it is (--format).',
    details: { size, manifest_size: wanted },
  });

function differs(disk: string, file: string, mismatches: readonly Extent[], out: Output): GutsError {
  const bytes = mismatches.reduce((sum, { length }) => sum + length, 0);
  for (const { offset, length } of mismatches.slice(0, PLACES))
    out.write(`differs: ${length} bytes at ${offset}\n`);
  const more = mismatches.length - PLACES;
  if (more > 0) out.write(`differs: ${more} more places\n`);
  const places = mismatches.length === 1 ? 'one place' : `${mismatches.length} places`;
  return new GutsError('disk_mismatch', `${disk} is not as ${file} has it, in ${places}`, {
    remedy: 'Copy the disk again. Whole chunks are named: a part of each differs.',
    details: { bytes, mismatches: mismatches.map(({ offset, length }) => ({ offset, length })) },
  });
}
