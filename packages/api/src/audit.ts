import type { ApiParts } from './api-parts.ts';
import type { Caller } from './authenticator.ts';

/** One line of the audit log. @param data never secrets */
export function audit(
  { store, newId }: ApiParts,
  caller: Caller,
  requestId: string,
  action: string,
  resourceId: string,
  data: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { projectId, userId } = caller;
  return store.addAudit({ id: newId(), projectId, userId, requestId, action, resourceId, data });
}
