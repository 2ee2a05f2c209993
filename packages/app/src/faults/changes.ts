import type { AroundCall } from '@guts/driver-vsphere';
import type { AskedRequest } from '@guts/driver-openstack';

/** What asks by POST and changes nothing (Compute API, "Show Console Output"). */
const READING_ACTIONS = new Set(['os-getConsoleOutput']);

/**
 * Names what a request to a cloud changes, the same for every object of its kind, such as
 * `http.compute.POST /servers/{id}/action[os-stop]`. Null: nothing.
 */
export function changeOfRequest({ service, method, path, json }: AskedRequest): string | null {
  if (method === 'GET' || method === 'HEAD') return null;
  const [where = ''] = path.split('?');
  // Collections and objects take turns: `/servers/1/action`, `/servers/1/tags/x`.
  const parts = where.split('/').map((part, index) => (index > 0 && index % 2 === 0 ? '{id}' : part));
  const [action] = parts.at(-1) === 'action' ? Object.keys(json ?? {}) : [];
  if (action !== undefined && READING_ACTIONS.has(action)) return null;
  return `http.${service}.${method} ${parts.join('/')}${action === undefined ? '' : `[${action}]`}`;
}

/**
 * Calls that change nothing on a vCenter but what ends with the login, such as views, filters and collectors; and the
 * sign of life of an export, which is told by the clock (vSphere Web Services API).
 */
const PASSING =
  /^(?:Retrieve|ContinueRetrieve|CancelRetrieve|Query|WaitFor|CancelWaitFor|Check|CurrentTime$|Log(?:in|out)|Create(?:ContainerView|Filter|PropertyCollector)$|Destroy(?:View|PropertyFilter|PropertyCollector)$|HttpNfcLeaseProgress$)/;

/** Names what a call of a vCenter changes, such as `soap.ReconfigVM_Task[annotation]`. Null: nothing. */
export function changeOfCall(method: string, fields: Parameters<AroundCall>[1]): string | null {
  if (PASSING.test(method)) return null;
  const spec = fields.find(([name]) => name === 'spec')?.[1];
  const about = typeof spec === 'object' && 'fields' in spec ? spec.fields.map(([name]) => name) : [];
  return `soap.${method}${about.length === 0 ? '' : `[${about.join(' ')}]`}`;
}
