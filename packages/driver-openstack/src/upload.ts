import type { ImageUpload, ImageUploadOptions, SentImage } from '@guts/core';
import { type DiskWriter, qcow2ImageStream, rawImageStream } from '@guts/disk';
import { getImage, type OpenStackSession, readyImage, uploadImage, waitFor } from '@guts/openstack';
import { inWords, toGutsError } from './errors.ts';

/** Glance may still be hashing or moving the bytes when it has answered. */
const ACTIVE_SECONDS = 3600;

/** A writer whose errors are told in the words of GUTS. */
export function guardedWriter(writer: DiskWriter): DiskWriter {
  return {
    size: writer.size,
    capabilities: writer.capabilities,
    write: (offset, data, signal) => inWords(() => writer.write(offset, data, signal)),
    zero: (offset, length, signal) => inWords(() => writer.zero(offset, length, signal)),
    flush: (signal) => inWords(() => writer.flush(signal)),
    close: () => inWords(() => writer.close()),
    ...(writer.file ? { file: writer.file } : {}),
  };
}

/** Sends an image while its disk is written: nothing is staged in between. */
export function startUpload(
  session: OpenStackSession,
  imageId: string,
  options: ImageUploadOptions,
): ImageUpload {
  const { format, size, areas, sha512, signal } = options;
  const stream =
    format === 'qcow2'
      ? qcow2ImageStream({ size, dataExtents: areas ?? [{ offset: 0, length: size }], sha512 })
      : rawImageStream({ size, sha512 });
  const iterator = stream.body[Symbol.asyncIterator]();
  const body: AsyncIterable<Uint8Array> = { [Symbol.asyncIterator]: () => iterator };
  const send = async (): Promise<SentImage> => {
    try {
      await uploadImage(session, imageId, body, { length: stream.length, signal });
      const sent = await stream.done;
      await waitFor(async () => readyImage(await getImage(session, imageId, signal)), {
        signal,
        what: `image ${imageId} to be active`,
        deadlineSeconds: ACTIVE_SECONDS,
      });
      return sent;
    } catch (error) {
      // Whoever writes must not wait for a receiver that is gone.
      await iterator.return?.();
      throw toGutsError(error);
    }
  };
  const done = send();
  // The writer's failure may be seen first; this one is never unhandled.
  done.catch(() => undefined);
  return { writer: guardedWriter(stream.writer), done };
}
