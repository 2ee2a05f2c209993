import { isStatus, ProtocolError } from '../errors.ts';
import { compareVersions } from '../microversion.ts';
import { collect, listAll } from '../paging.ts';
import type { OpenStackSession } from '../session.ts';

export interface Attachment {
  readonly id: string;
  readonly volume_id: string;
  /** The server; null for a host that is none. */
  readonly instance: string | null;
  /** reserved, attaching, attached, detached, error_attaching… */
  readonly status: string;
  readonly connection_info: Readonly<Record<string, unknown>>;
}

/** A connection for a host that is no server of Nova: `instance_uuid` is left out, null would be refused. */
export async function createAttachment(
  session: OpenStackSession,
  volumeId: string,
  connector: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<Attachment> {
  const version = (await session.microversion('volume', signal)) ?? '3.0';
  if (compareVersions(version, '3.44') < 0)
    throw new ProtocolError(`the volume service offers ${version}; attachments need 3.44`);
  const json = {
    attachment: {
      volume_uuid: volumeId,
      connector,
      ...(compareVersions(version, '3.54') >= 0 ? { mode: 'rw' } : {}),
    },
  };
  const made = await session.call('volume', { method: 'POST', path: '/attachments', json, signal });
  return (made as { attachment: Attachment }).attachment;
}

/** Gives a reserved attachment its connector, and so its connection. */
export async function updateAttachment(
  session: OpenStackSession,
  id: string,
  connector: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<Attachment> {
  const json = { attachment: { connector } };
  const answer = await session.call('volume', { method: 'PUT', path: `/attachments/${id}`, json, signal });
  return (answer as { attachment: Attachment }).attachment;
}

export async function completeAttachment(
  session: OpenStackSession,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  await session.call('volume', {
    method: 'POST',
    path: `/attachments/${id}/action`,
    json: { 'os-complete': {} },
    signal,
  });
}

export async function getAttachment(
  session: OpenStackSession,
  id: string,
  signal: AbortSignal,
): Promise<Attachment> {
  const answer = await session.call('volume', { path: `/attachments/${id}`, signal });
  return (answer as { attachment: Attachment }).attachment;
}

/** An attachment as lists tell it; `attach_mode`, times and connection are in {@link getAttachment}. */
export interface AttachmentSummary {
  readonly id: string;
  readonly volume_id: string;
  /** The server; null for a host that is none. */
  readonly instance: string | null;
  /** reserved, attaching, attached, detached, error_attaching… */
  readonly status: string;
}

export function listAttachments(
  session: OpenStackSession,
  volumeId: string,
  signal: AbortSignal,
): Promise<AttachmentSummary[]> {
  const filter = { volume_id: volumeId };
  return collect(
    listAll<AttachmentSummary>(session, 'volume', '/attachments', 'attachments', filter, signal),
  );
}

export async function deleteAttachment(
  session: OpenStackSession,
  id: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await session.call('volume', { method: 'DELETE', path: `/attachments/${id}`, signal });
    return true;
  } catch (error) {
    if (isStatus(error, 404)) return false;
    throw error;
  }
}
