import type { ArtifactKindOps } from './artifact-kind.ts';

type Ops = ArtifactKindOps<'attachment'>;

/**
 * Attachments to this host and to the worker's server: new ones as the setting says, and each removed as what it is, for
 * the setting may have been another one when it was made. @param server whether new ones are the server's
 */
export function bothAttachments(toHost: Ops, toServer: Ops, server: boolean): Ops {
  const made = server ? toServer : toHost;
  return {
    ...made,
    async *marked(session, signal) {
      yield* toHost.marked(session, signal);
      if (server) yield* toServer.marked(session, signal);
    },
    remove: (session, id, signal) => (id.includes('/') ? toServer : toHost).remove(session, id, signal),
  };
}
