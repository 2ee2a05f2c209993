import { setMaxListeners } from 'node:events';
import { expect, onTestFinished } from 'vitest';
import {
  openNbdReader,
  openNbdWriter,
  type NbdReader,
  type NbdReaderOptions,
  type NbdWriter,
  type NbdWriterOptions,
} from '../src/index.ts';
import { FakeNbdServer, type FakeOptions } from './nbd-server.ts';
import { noise } from './support.ts';

/** Of who never gives up. */
export const { signal } = new AbortController();
setMaxListeners(0, signal);

/** A server that ends with the test, after its clients, and must have had nothing to complain about. */
export async function serve(options: FakeOptions): Promise<FakeNbdServer> {
  const server = await FakeNbdServer.start(options);
  onTestFinished(async () => {
    await server.stop();
    expect(server.mistakes).toEqual([]);
  });
  return server;
}

export const at = (server: FakeNbdServer, exportName = ''): Pick<NbdReaderOptions, 'target'> => ({
  target: { address: { kind: 'unix', path: server.path }, exportName, secure: false },
});

export async function reading(
  server: FakeNbdServer,
  more: Partial<NbdReaderOptions> = {},
): Promise<NbdReader> {
  const reader = await openNbdReader({ ...at(server), ...more }, signal);
  onTestFinished(() => reader.close());
  return reader;
}

export async function writing(
  server: FakeNbdServer,
  more: Partial<NbdWriterOptions> = {},
): Promise<NbdWriter> {
  const writer = await openNbdWriter({ ...at(server), ...more }, signal);
  onTestFinished(() => writer.close());
  return writer;
}

/** Waits, a millisecond at a time, for what is about to be. */
export async function turnsUntil(met: () => boolean): Promise<void> {
  for (let turn = 0; !met(); turn += 1) {
    if (turn > 3000) throw new Error('did not happen');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** The error of an opening that must fail. */
export const failure = (opening: Promise<{ close(): Promise<void> }>): Promise<unknown> =>
  opening.then(
    async (opened) => {
      await opened.close();
      throw new Error('was opened');
    },
    (error: unknown) => error,
  );

/** A disk of 256 KiB with data in two places. */
export const sparse = (): Uint8Array => {
  const disk = new Uint8Array(256 * 1024);
  disk.set(noise(20_000, 1), 8192);
  disk.set(noise(70_000, 2), 100_000);
  return disk;
};
