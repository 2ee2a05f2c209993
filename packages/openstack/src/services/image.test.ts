import { expect, test } from 'vitest';
import type { OpenStackSession } from '../session.ts';
import { uploadImage } from './image.ts';

const { signal } = new AbortController();

/** A session whose image service takes all bytes, or breaks off at once; what happens is told in its order. */
function fakeSession(order: string[], breaks = false): OpenStackSession {
  const session = {
    freshen: async () => {
      order.push('token');
    },
    stream: async (_service: string, { body }: { body: AsyncIterable<Uint8Array> }) => {
      order.push('request');
      if (breaks) throw new Error('broken');
      for await (const chunk of body) order.push(`sent ${chunk.length}`);
      return { body: { dump: async () => undefined } };
    },
  };
  return session as unknown as OpenStackSession;
}
async function* body(order: string[]): AsyncGenerator<Uint8Array> {
  try {
    for (const length of [3, 4]) {
      order.push(`made ${length}`);
      yield new Uint8Array(length);
    }
  } finally {
    order.push('closed');
  }
}

test('an upload begins when its first bytes are there: a connection that waits for them is closed by the service', async () => {
  const order: string[] = [];
  await uploadImage(fakeSession(order), 'i', body(order), { signal });
  expect(order).toEqual(['made 3', 'token', 'request', 'sent 3', 'made 4', 'sent 4', 'closed']);
});

test('whoever makes the bytes hears of an upload that breaks', async () => {
  const order: string[] = [];
  await expect(uploadImage(fakeSession(order, true), 'i', body(order), { signal })).rejects.toThrow('broken');
  expect(order).toEqual(['made 3', 'token', 'request', 'closed']);
});

test('why nothing is sent any more says more than that nothing comes', async () => {
  const stop = new AbortController();
  const none: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        stop.abort(new Error('the source is damaged'));
        throw new Error('closed before it was complete');
      },
    }),
  };
  await expect(uploadImage(fakeSession([]), 'i', none, { signal: stop.signal })).rejects.toThrow(
    'the source is damaged',
  );
});
