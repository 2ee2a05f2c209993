import { readSync, writeSync } from 'node:fs';
import { pageAlignedMemory } from '../../linux/direct.ts';
import { keyOf, type LocalExport } from '../../nbd/local-export.ts';
import { dataRuns } from '../content.ts';
import { type ChunkDigest, chunkDigest } from '../digest.ts';
import type { Extent } from '../../types.ts';
import type { ChunkAnswer, ChunkDone, ChunkJob, ChunkPlace, ExportPlace, ThreadFault } from './job.ts';

/** Thrown to end a job; the rest of what can go wrong is the system's. */
class Ended extends Error {
  readonly fault: ThreadFault;
  constructor(fault: ThreadFault) {
    super(fault.kind);
    this.fault = fault;
  }
}

/** A connection to an export; see WaitingConnection. */
export interface ExportReader {
  read(offset: number, memory: Uint8Array, from: number, to: number): void;
  close(): void;
}
/** @param goOn asked now and then; throws to end what is done */
export type OpenExport = (local: LocalExport, goOn: () => void) => ExportReader;

/** Works on chunks, one at a time, by calls that wait: only in a thread that has nothing else to do. */
export class ChunkWork {
  readonly #stopped: () => boolean;
  readonly #openExport: OpenExport;
  readonly #exports = new Map<string, ExportReader>();
  /** Why those that are not tried again cannot be read, until they are left. */
  readonly #failed = new Map<string, string>();
  #own = new Uint8Array(0);
  #aligned: Uint8Array = new Uint8Array(0);
  #key = '';
  #digest: ChunkDigest | undefined;

  /** @param stopped asked before every call; true: no further one is begun */
  constructor(stopped: () => boolean, openExport: OpenExport) {
    this.#stopped = stopped;
    this.#openExport = openExport;
  }

  /** Closes the connection to an export, or all. */
  leave(key?: string): void {
    if (key !== undefined) this.#failed.delete(key);
    for (const [one, reader] of this.#exports) {
      if (key !== undefined && key !== one) continue;
      this.#exports.delete(one);
      reader.close();
    }
  }

  do(job: ChunkJob): ChunkAnswer {
    try {
      return { done: this.#do(job) };
    } catch (error) {
      if (error instanceof Ended) return { fault: error.fault };
      const { message, code, errno, syscall } = error as NodeJS.ErrnoException;
      return {
        fault: {
          kind: 'system',
          message,
          ...(code === undefined ? {} : { code }),
          ...(errno === undefined ? {} : { errno }),
          ...(syscall === undefined ? {} : { syscall }),
        },
      };
    }
  }

  #do({ length, parts, key, from, to }: ChunkJob): ChunkDone {
    const memory = 'fd' in from ? this.#memory(length, from.alignment) : this.#blocks(length, from.local);
    if ('fd' in from) for (const part of parts) this.#read(from, part, memory);
    else this.#readExport(from, parts, memory);
    const bytes = memory.subarray(0, length);
    const runs = dataRuns(bytes, parts);
    const digest = runs.length > 0 ? new Uint8Array(this.#digestOf(key)(runs)) : null;
    if (to) for (const { offset, data } of runs) this.#write(to, offset, data);
    return {
      runs: runs.map(({ offset, data }) => ({ offset, length: data.length })),
      digest,
    };
  }

  /** The same for every chunk: it stays in the processor's cache. At least as long. */
  #memory(length: number, alignment: number | undefined): Uint8Array {
    if (alignment === undefined) {
      if (this.#own.length < length) this.#own = new Uint8Array(length);
      return this.#own;
    }
    const needed = length + alignment;
    if (this.#aligned.length < needed) this.#aligned = pageAlignedMemory(needed);
    return this.#aligned;
  }

  /** With room for the whole last block. */
  #blocks(length: number, { minimumBlock }: LocalExport): Uint8Array {
    return this.#memory(Math.ceil(length / minimumBlock) * minimumBlock, undefined);
  }

  #digestOf(key: string): ChunkDigest {
    if (!this.#digest || this.#key !== key) {
      this.#digest = chunkDigest(key);
      this.#key = key;
    }
    return this.#digest;
  }

  /** Reads a part to its place in the memory; with an alignment also what lies around it, which means nothing. */
  #read({ fd, offset, alignment = 1 }: ChunkPlace, part: Extent, memory: Uint8Array): void {
    const end = part.offset + part.length;
    const last = Math.ceil(end / alignment) * alignment;
    for (let at = Math.floor(part.offset / alignment) * alignment; at < end;) {
      this.#goOn();
      const read = readSync(fd, memory, at, last - at, offset + at);
      if (at + read >= end) return;
      const next = Math.floor((at + read) / alignment) * alignment;
      if (next === at) {
        const ended = at + read;
        throw new Ended({ kind: 'ended', missing: end - ended, at: offset + ended });
      }
      at = next;
    }
  }

  /** Reads the whole blocks that parts lie in; what is around them means nothing. */
  #readExport({ local, offset }: ExportPlace, parts: readonly Extent[], memory: Uint8Array): void {
    const key = keyOf(local);
    const block = local.minimumBlock;
    const failed = this.#failed.get(key);
    // Others may be in the mailbox still: not each of them has to find out, and to wait for it.
    if (failed !== undefined) throw new Ended({ kind: 'export', message: failed });
    try {
      let reader = this.#exports.get(key);
      if (!reader) {
        reader = this.#openExport(local, () => this.#goOn());
        this.#exports.set(key, reader);
      }
      for (const part of parts) {
        const from = Math.floor(part.offset / block) * block;
        const to = Math.ceil((part.offset + part.length) / block) * block;
        reader.read(offset, memory, from, to);
      }
    } catch (error) {
      this.leave(key);
      if (error instanceof Ended) throw error;
      const message = error instanceof Error ? error.message : String(error);
      this.#failed.set(key, message);
      throw new Ended({ kind: 'export', message });
    }
  }

  #write({ fd, offset }: ChunkPlace, at: number, data: Uint8Array): void {
    for (let done = 0; done < data.length;) {
      this.#goOn();
      done += writeSync(fd, data, done, data.length - done, offset + at + done);
    }
  }

  #goOn(): void {
    if (this.#stopped()) throw new Ended({ kind: 'stopped' });
  }
}
