import { GutsError, type Marker, SILENT_LOG, type SourceConnection } from '@guts/core';
import { startVCenter, type VCenter, type VCenterOptions } from '@guts/lab-vcenter';
import { afterEach, describe, expect, test } from 'vitest';
import { createVSphereDriver } from '../src/index.ts';

const signal = AbortSignal.timeout(60_000);
const marker: Marker = { migrationId: 'm1', artifactId: 'a1' };
let vcenter: VCenter;
const open: SourceConnection[] = [];
const told: string[] = [];
let lost = false;
afterEach(async () => {
  await Promise.all(open.splice(0).map((source) => source.close()));
  await vcenter.close();
  told.length = 0;
  lost = false;
});

/** Two workers: one whose lease can be lost, and another. */
async function start(options: VCenterOptions = {}) {
  const machines = [{ name: 'a', disks: [{ sizeBytes: 4096 }] }];
  vcenter = await startVCenter({ machines, ...options });
  const { url, username, password, fingerprintSha256: fingerprint } = vcenter;
  const config = { settings: { url, username, fingerprint }, secret: { password } };
  const check = (): void => {
    if (lost) throw new GutsError('lease_lost', 'another worker took the lease over');
  };
  const onWait = (why: string): void => void told.push(why);
  const driver = createVSphereDriver();
  const loser = await driver.connect(config, { signal, log: SILENT_LOG, check, onWait });
  const other = await driver.connect(config, { signal, log: SILENT_LOG });
  open.push(loser, other);
  return { loser, other, vm: vcenter.machine('a').id };
}

describe('a worker whose lease is lost in the middle of a call', () => {
  test('does not change the machine that it waited for, and says what it waited for', async () => {
    const { loser, other, vm } = await start({ taskMsOf: { CreateSnapshot_Task: 500 } });
    const made = other.createSnapshot(vm, marker, signal);
    await expect.poll(() => vcenter.state().machines[0]?.tasks).toHaveLength(1);
    const on = loser.powerOn(vm, signal);
    on.catch(() => undefined);
    await expect.poll(() => told).toEqual([expect.stringMatching(/waiting for the machine: CreateSnapshot/)]);
    lost = true;
    await made;
    await expect(on).rejects.toMatchObject({ code: 'lease_lost' });
    expect(vcenter.machine('a').powerState).toBe('poweredOff');
  });

  test('still ends its export and its session', async () => {
    const { loser, other, vm } = await start();
    const session = await loser.openDisks(
      await loser.inspect(vm, signal),
      'lease',
      ['2000'],
      new Map(),
      signal,
    );
    lost = true;
    await expect(session.complete(signal)).rejects.toMatchObject({ code: 'lease_lost' });
    await session.abort(signal);
    await loser.close();
    expect(vcenter.sessions).toBe(1);
    await other.powerOn(vm, signal);
  });

  test('says that it waits for a lease', async () => {
    const { loser, other, vm } = await start();
    const keys = ['2000'];
    const held = await other.openDisks(await other.inspect(vm, signal), 'lease', keys, new Map(), signal);
    const opened = loser.openDisks(await loser.inspect(vm, signal), 'lease', keys, new Map(), signal);
    await expect
      .poll(() => told)
      .toEqual([expect.stringMatching(/waiting for a lease of the machine to end/)]);
    await held.abort(signal);
    await (await opened).abort(signal);
  });
});
