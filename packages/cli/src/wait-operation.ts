import { type ApiClient, type Operation, routes } from '@guts/contract';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 300;

/** Waits until an operation has ended. @param tell hears every state that was seen */
export async function waitForOperation(
  { client, signal }: { readonly client: ApiClient; readonly signal: AbortSignal },
  operation: Operation,
  tell: (now: Operation) => void = () => undefined,
): Promise<Operation> {
  let now = operation;
  tell(now);
  while (now.status === 'queued' || now.status === 'running') {
    await sleep(POLL_MS, undefined, { signal });
    now = (await client.call(routes.operations.show, { params: { id: operation.id }, signal })).operation;
    tell(now);
  }
  return now;
}
