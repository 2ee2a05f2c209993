import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import type { DiskReader, DiskStream, DiskWriter } from '../../src/index.ts';
import type { HostFile } from '../../src/host-file.ts';
import { Injected, Passing, type Trouble } from './trouble.ts';

/**
 * Between the engine and what it reads: counts, fails, and sees that nothing before `from` is read again.
 * @param passing whether requests fail for a passing reason here; else it is done further below
 */
export function watchedReader(
  reader: DiskReader,
  trouble: Trouble,
  from: number,
  passing: boolean,
): DiskReader {
  return {
    kind: 'reader',
    size: reader.size,
    capabilities: reader.capabilities,
    async *extents(signal) {
      for await (const extent of reader.extents(signal)) {
        trouble.moment();
        if (passing && trouble.hiccup()) throw new Passing('the map hiccups');
        yield extent;
      }
    },
    read: (offset, buffer, signal) =>
      trouble.during(async () => {
        assert.ok(offset >= from);
        setMaxListeners(0, signal);
        const half = trouble.chance.roll(buffer.length + 1);
        if (trouble.due('read')) {
          buffer.fill(0xee, 0, half);
          throw new Injected('the source is broken');
        }
        if (passing && trouble.hiccup()) {
          await reader.read(offset, buffer.subarray(0, half), signal);
          buffer.fill(0xee, half);
          throw new Passing('the source hiccups');
        }
        await reader.read(offset, buffer, signal);
      }),
    close: () => reader.close(),
    ...(reader.file ? { file: watchedFile(reader.file, trouble, 'read') } : {}),
    // Threads read it by connections of their own, whose troubles the server makes.
    ...(reader.local ? { local: reader.local } : {}),
  };
}

/** What threads read or write by themselves. */
function watchedFile(file: HostFile, trouble: Trouble, kind: 'read' | 'write'): HostFile {
  return {
    fd: file.fd,
    during: (work) =>
      trouble.during(async () => {
        const broken = trouble.due(kind) ? new Injected(`a ${kind} is broken`) : undefined;
        const failure = broken ?? (trouble.hiccup() ? new Passing('hiccup') : undefined);
        if (!failure) return file.during(work);
        if (trouble.chance.roll(2) === 0) await file.during(work);
        throw failure;
      }),
  };
}

export function watchedStream(stream: DiskStream, trouble: Trouble): DiskStream {
  return {
    kind: 'stream',
    size: stream.size,
    capabilities: stream.capabilities,
    async *chunks(signal) {
      for await (const chunk of stream.chunks(signal)) {
        trouble.moment();
        if (trouble.due('read')) throw new Injected('the stream is broken');
        yield chunk;
        trouble.moment();
      }
    },
    close: () => stream.close(),
  };
}

/**
 * Between the engine and what it writes: counts, fails before, amidst and after the work, and spoils the memory that a
 * writer was lent.
 */
export function watchedWriter(writer: DiskWriter, trouble: Trouble, from: number): DiskWriter {
  const { file } = writer;
  const { randomAccess } = writer.capabilities;
  const change = (
    offset: number,
    length: number,
    signal: AbortSignal,
    make: (length: number) => Promise<void>,
  ): Promise<void> =>
    trouble.during(async () => {
      assert.ok(offset >= from);
      setMaxListeners(0, signal);
      const broken = trouble.due('write') ? new Injected('the target is broken') : undefined;
      const failure = broken ?? (randomAccess && trouble.hiccup() ? new Passing('hiccup') : undefined);
      if (!failure) return make(length);
      const done = [0, trouble.chance.roll(length + 1), length][trouble.chance.roll(3)] ?? 0;
      if (done > 0) await make(done);
      throw failure;
    });
  return {
    size: writer.size,
    capabilities: writer.capabilities,
    write: (offset, data, signal) =>
      change(offset, data.length, signal, async (length) => {
        const lent = Uint8Array.from(data.subarray(0, length));
        try {
          await writer.write(offset, lent, signal);
        } finally {
          lent.fill(0xee);
        }
      }),
    zero: (offset, length, signal) =>
      change(offset, length, signal, (part) => writer.zero(offset, part, signal)),
    flush: (signal) =>
      trouble.during(async () => {
        if (trouble.due('flush')) throw new Injected('the flush failed');
        await writer.flush(signal);
      }),
    close: () => writer.close(),
    ...(file
      ? {
          file: {
            ...watchedFile(file, trouble, 'write'),
            willWrite: (offset, length) => {
              assert.ok(offset >= from);
              file.willWrite(offset, length);
            },
            wrote: (offset, length) => file.wrote(offset, length),
          },
        }
      : {}),
  };
}
