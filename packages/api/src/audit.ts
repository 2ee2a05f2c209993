import { type AuditLine, PROJECT_SYSTEM } from '@guts/core';
import type { ApiParts } from './api-parts.ts';
import type { Caller } from './authenticator.ts';

/** One line of the audit log, to be written with the event of the change. @param data never secrets */
export function auditLine(
  { newId }: Pick<ApiParts, 'newId'>,
  { caller, requestId }: { readonly caller: Caller; readonly requestId: string },
  action: string,
  resourceId: string,
  data: Readonly<Record<string, unknown>>,
): AuditLine {
  const { userId } = caller;
  const projectId = caller.projectId ?? PROJECT_SYSTEM;
  return { id: newId(), projectId, userId, requestId, action, resourceId, data };
}
