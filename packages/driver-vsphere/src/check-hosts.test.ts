import { expect, test } from 'vitest';
import { checkHosts } from './check-hosts.ts';

const signal = AbortSignal.timeout(60_000);
const host = (name: string, connectionState = 'connected') => ({ name, port: 9, connectionState });

test('each host that does not answer is named, and those that are away by vCenter are not asked', async () => {
  const hosts = Array.from({ length: 20 }, (_, at) => host(`127.0.0.${at + 1}`));
  const findings = await checkHosts([...hosts, host('127.0.0.99', 'notResponding')], signal);
  expect(new Set(findings.map(({ subject }) => subject))).toEqual(
    new Set(hosts.map(({ name }) => `host:${name}`)),
  );
  expect(findings).toHaveLength(hosts.length);
  expect(findings[0]).toMatchObject({
    severity: 'warning',
    code: 'source.host_unreachable',
    remedy: expect.stringContaining('443'),
  });
});
