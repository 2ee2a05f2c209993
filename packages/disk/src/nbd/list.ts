import { NbdError } from './errors.ts';
import { withHandshake, type NbdSession } from './connection.ts';
import { list, type ListedExport } from './negotiate.ts';
import { encodeOption } from './options.ts';
import { OPTION } from './protocol.ts';

/** The exports that a server admits to having. The target's export name does not matter. Throws `NbdError`. */
export function listNbdExports(session: NbdSession, signal: AbortSignal): Promise<ListedExport[]> {
  return withHandshake(session, signal, async (handshake) => {
    const exports = await list(handshake);
    handshake.transport.send(encodeOption(OPTION.abort), undefined);
    handshake.transport.finish(new NbdError('nbd_connection_lost', 'the exports have been listed'));
    return exports;
  });
}
