/** Bodies that suffer the faults asked for. */
import type { IncomingMessage } from 'node:http';
import { Transform } from 'node:stream';

/** The request's body, whose connection breaks once so many bytes have passed. */
export function breakAfter(request: IncomingMessage, bytes: number): Transform {
  let seen = 0;
  const body = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen < bytes) {
        done(null, chunk);
        return;
      }
      request.socket.destroy();
      done(Object.assign(new Error('the connection broke, as asked for'), { code: 'ECONNRESET' }));
    },
  });
  // The connection may break before the handler reads or after it gave up: nobody listens then, and that is no crash.
  body.on('error', () => undefined);
  return request.pipe(body);
}

/** Passes bytes on, the one at `offset` with its lowest bit turned. */
export function flipByte(offset: number): Transform {
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const at = offset - seen;
      seen += chunk.length;
      if (at < 0 || at >= chunk.length) {
        done(null, chunk);
        return;
      }
      const copy = Buffer.from(chunk);
      copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
      done(null, copy);
    },
  });
}
