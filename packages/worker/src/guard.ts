import type { DiskWriter } from '@guts/core';

/** Methods that end something of our own and must work whatever became of the lease. */
const ALWAYS: ReadonlySet<PropertyKey> = new Set(['close', 'abort', 'progress', 'then']);

/** The same object, whose every call first makes sure that the lease is still ours. @param check throws if not */
export function guarded<T extends object>(target: T, check: () => void): T {
  return new Proxy(target, {
    get(object, name): unknown {
      const value: unknown = Reflect.get(object, name, object);
      if (typeof value !== 'function') return value;
      const method = value as (...given: unknown[]) => unknown;
      if (ALWAYS.has(name)) return method.bind(object);
      return (...given: unknown[]): unknown => {
        check();
        return method.apply(object, given);
      };
    },
  });
}

/** {@link guarded} without the cost of a proxy: called for every chunk. */
export function guardedWriter(writer: DiskWriter, check: () => void): DiskWriter {
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
