import type { DestinationConnection, DiskSession, DiskWriter, SourceConnection } from '@guts/core';

/** Methods that end something of our own and must work whatever became of the lease. */
const ALWAYS: ReadonlySet<PropertyKey> = new Set(['close', 'abort', 'progress', 'then']);

/**
 * The same object, whose every call first makes sure that the lease is still ours.
 * @param check throws if not
 * @param instead members that take the place of the object's own, such as those that give something to be guarded
 */
export function guarded<T extends object>(target: T, check: () => void, instead: Partial<T> = {}): T {
  return new Proxy(target, {
    get(object, name): unknown {
      const owner = name in instead ? instead : object;
      const value: unknown = Reflect.get(owner, name, owner);
      if (typeof value !== 'function') return value;
      const method = value as (...given: unknown[]) => unknown;
      if (ALWAYS.has(name)) return method.bind(owner);
      return (...given: unknown[]): unknown => {
        check();
        return method.apply(owner, given);
      };
    },
  });
}

/** {@link guarded}, and so is what it gives to read with. */
export function guardedSource(source: SourceConnection, check: () => void): SourceConnection {
  const session = (opened: DiskSession): DiskSession => {
    const disks = opened.disks.map((disk) => ({ ...disk, source: guarded(disk.source, check) }));
    return guarded(opened, check, { disks });
  };
  return guarded(source, check, {
    openDisks: async (...given) => session(await source.openDisks(...given)),
  });
}

/** {@link guarded}, and so is what it gives to read and write with. */
export function guardedDestination(
  destination: DestinationConnection,
  check: () => void,
): DestinationConnection {
  return guarded(destination, check, {
    openVolumeWriter: async (...given) => guardedWriter(await destination.openVolumeWriter(...given), check),
    openVolumeReader: async (...given) => guarded(await destination.openVolumeReader(...given), check),
    uploadImage: (...given) => {
      const { writer, done } = destination.uploadImage(...given);
      return { writer: guardedWriter(writer, check), done };
    },
  });
}

/** {@link guarded} without the cost of a proxy: called for every chunk. */
function guardedWriter(writer: DiskWriter, check: () => void): DiskWriter {
  return {
    size: writer.size,
    get capabilities() {
      return writer.capabilities;
    },
    write(offset, data, signal) {
      check();
      return writer.write(offset, data, signal);
    },
    zero(offset, length, signal) {
      check();
      return writer.zero(offset, length, signal);
    },
    flush(signal) {
      check();
      return writer.flush(signal);
    },
    close: () => writer.close(),
  };
}
