import { SILENT_LOG, type ValidationReport } from '@guts/core';
import { startVCenter } from '@guts/lab-vcenter';
import { expect, test } from 'vitest';
import { createVSphereDriver } from '../src/index.ts';

const signal = AbortSignal.timeout(60_000);

/** What validating a source says when its user lacks privileges; `ROOT` and `VM` stand for refs. */
async function validated(missing: readonly string[], machines = 3): Promise<ValidationReport> {
  const names = Array.from({ length: machines }, (_, n) => ({ name: `vm ${n}` }));
  const probe = await startVCenter({ machines: names });
  const source = await createVSphereDriver().connect(config(probe), { signal, log: SILENT_LOG });
  const refs = new Map<string, string>();
  for await (const { kind, data } of source.inventory(signal))
    if (kind === 'instance') refs.set(data.name, data.ref);
  await source.close();
  await probe.close();
  const vcenter = await startVCenter({
    machines: names,
    missingPrivileges: missing.map((one) =>
      one.replace(/@(vm \d)$/, (_all, name: string) => `@${refs.get(name) ?? ''}`),
    ),
  });
  try {
    const connected = await createVSphereDriver().connect(config(vcenter), { signal, log: SILENT_LOG });
    const report = await connected.validate(signal);
    await connected.close();
    return report;
  } finally {
    await vcenter.close();
  }
}
const config = (vcenter: { readonly url: string; readonly fingerprintSha256: string }) => ({
  settings: {
    url: vcenter.url,
    username: 'administrator@vsphere.local',
    fingerprint: vcenter.fingerprintSha256,
  },
  secret: { password: 'fake-vcenter-password' },
});
const ofPrivileges = ({ findings }: ValidationReport) =>
  findings.filter(({ code }) => code === 'source.privilege');

test('a user with every privilege is told nothing', async () => {
  expect(ofPrivileges(await validated([]))).toEqual([]);
});

test('each missing one is told by its name, with its use; what nothing goes without blocks', async () => {
  const lacking = ['VirtualMachine.Interact.PowerOff', 'VApp.Export', 'Datastore.Browse'];
  const found = ofPrivileges(await validated(lacking));
  expect(found.map(({ severity, subject }) => [severity, subject])).toEqual([
    ['blocker', 'privilege:VirtualMachine.Interact.PowerOff'],
    ['warning', 'privilege:VApp.Export'],
    ['warning', 'privilege:Datastore.Browse'],
  ]);
  expect(found[0]?.message).toMatch(
    /PowerOff on all machines that it sees; it is used to shut machines down/,
  );
  expect(found[0]?.remedy).toContain('VirtualMachine.Interact.PowerOff');
});

test('a user confined to some machines is warned of the others only', async () => {
  const id = 'VirtualMachine.Interact.PowerOn';
  const found = ofPrivileges(await validated([`${id}@group-d1`, `${id}@vm 1`]));
  expect(found).toMatchObject([
    { severity: 'warning', message: expect.stringContaining('PowerOn on "vm 1";') },
  ]);
  expect(ofPrivileges(await validated([`${id}@group-d1`]))).toEqual([]);
});

test('without machines to ask of, the root folder decides', async () => {
  const found = ofPrivileges(await validated(['VirtualMachine.Interact.PowerOn'], 0));
  expect(found).toMatchObject([
    { severity: 'blocker', message: expect.stringContaining('on the root folder') },
  ]);
});
