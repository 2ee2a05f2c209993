import { faultError } from './errors.ts';
import type { VSphereSession } from './session.ts';
import { waitUntil } from './updates.ts';
import type { ManagedRef, XmlElement } from './xml/element.ts';

/** Waits for a task. @throws VSphereFaultError with the task's fault */
export async function waitForTask(
  session: VSphereSession,
  task: ManagedRef,
  options: {
    readonly signal: AbortSignal;
    /** What the task does, for its error. */
    readonly what: string;
    /** In percent. */
    readonly onProgress?: (percent: number) => void;
  },
): Promise<XmlElement | null> {
  const outcome = (properties: ReadonlyMap<string, XmlElement>): { result: XmlElement | null } | null => {
    const percent = properties.get('info.progress')?.int();
    if (percent !== undefined) options.onProgress?.(percent);
    const state = properties.get('info.state')?.text;
    if (state === 'success') return { result: properties.get('info.result') ?? null };
    if (state === 'error') throw localizedFault(properties.get('info.error') ?? null, options.what);
    return null;
  };
  const beside = ['info.progress', 'info.result', 'info.error'];
  const { result } = await waitUntil(session, task, ['info.state'], options.signal, outcome, beside);
  return result;
}

/** A LocalizedMethodFault as an error. */
export function localizedFault(element: XmlElement | null, method: string): Error {
  const fault = element?.find('fault');
  const name = fault?.xsiType ?? 'Fault';
  const message = element?.textOf('localizedMessage') ?? '';
  return faultError(
    name,
    message === '' ? 'the server gave no message' : message,
    method,
    fault?.refOf('obj') ?? null,
  );
}
