import type { Finding } from '@guts/core';
import { type HostSystem, probeCertificate, UnreachableError } from '@guts/vsphere';
import { exportPort } from './check-transport.ts';

/** How many are asked at once, and how long each may take. */
const AT_ONCE = 8;
const PROBE_SECONDS = 5;

/**
 * Whether each ESXi host that machines lie on answers from here: export leases come from the hosts themselves.
 * No blocker: the datastore transport goes by vCenter alone.
 */
export async function checkHosts(
  hosts: readonly Pick<HostSystem, 'name' | 'port' | 'connectionState'>[],
  signal: AbortSignal,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const waiting = hosts.filter((one) => one.connectionState === 'connected');
  const next = async (): Promise<void> => {
    for (let host = waiting.shift(); host; host = waiting.shift()) {
      const port = exportPort(host.port);
      try {
        await probeCertificate({ host: host.name, port, timeoutSeconds: PROBE_SECONDS, signal });
      } catch (error) {
        if (!(error instanceof UnreachableError)) throw error;
        findings.push({
          severity: 'warning',
          code: 'source.host_unreachable',
          subject: `host:${host.name}`,
          message: `the ESXi host ${host.name} does not answer on port ${port}: ${error.message}`,
          remedy:
            'Let workers reach it on port 443 (and resolve its name); without, its machines are read by the datastore transport alone.',
        });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
  return findings;
}
