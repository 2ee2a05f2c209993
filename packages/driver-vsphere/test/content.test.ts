import { SILENT_LOG, type SourceConnection, type TransportName } from '@guts/core';
import { startVCenter, type VCenter } from '@guts/lab-vcenter';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createVSphereDriver } from '../src/index.ts';

const signal = AbortSignal.timeout(60_000);
/** Nothing is read by it here: no server is started. */
const vddk = {
  program: 'nbdkit',
  libraryDir: '/opt/vddk',
  modes: 'nbdssl',
  runDir: join(tmpdir(), 'guts-none'),
  spawn,
  env: {},
};
const KEYS = ['2000', '2001'];
let vcenter: VCenter;
let source: SourceConnection;

beforeAll(async () => {
  const disk = { sizeBytes: 2 ** 20 };
  const machines = ['tracked', 'plain'].map((name) => ({ name, disks: [disk, disk] }));
  vcenter = await startVCenter({ machines });
  const { url, username, password, fingerprintSha256: fingerprint } = vcenter;
  const config = { settings: { url, username, fingerprint }, secret: { password } };
  source = await createVSphereDriver(undefined, vddk).connect(config, { signal, log: SILENT_LOG });
  await source.setChangeTracking(vcenter.machine('tracked').id, true, signal);
});
afterAll(async () => {
  await source.close();
  await vcenter.close();
});

test.for([
  ['tracked', 'datastore'],
  ['tracked', 'lease'],
  ['plain', 'datastore'],
  ['plain', 'lease'],
  ['tracked', 'vddk'],
  ['plain', 'vddk'],
] as const)('a %s disk that was written by a run in between is told: %s', async ([name, transport]) => {
  const machine = vcenter.machine(name);
  const { id } = machine;
  const read = (): Promise<ReadonlyMap<string, string>> =>
    source.readContentIds(id, transport satisfies TransportName, KEYS, signal);
  const before = await read();
  expect([...before.keys()]).toEqual(KEYS);
  // What we do ourselves while we copy is no difference.
  const session = await source.openDisks(
    await source.inspect(id, signal),
    transport,
    KEYS,
    new Map(),
    signal,
  );
  expect(await read()).toEqual(before);
  await session.complete(signal);
  await source.setAnnotation(id, `seen by ${transport}`, signal);
  expect(await read()).toEqual(before);

  machine.setPower('poweredOn');
  await machine.write(0, 4096, Buffer.from('written'));
  machine.setPower('poweredOff');
  const after = await read();
  expect(after.get('2000')).not.toBe(before.get('2000'));
  expect(after.get('2001')).toBe(before.get('2001'));
});

test('where a descriptor cannot be read, VDDK goes by what vCenter tells', async () => {
  const { id } = vcenter.machine('plain');
  const told = await source.readContentIds(id, 'lease', KEYS, signal);
  vcenter.faults.add({ path: '/folder', kind: 'http', status: 404 });
  try {
    expect(await source.readContentIds(id, 'vddk', KEYS, signal)).toEqual(told);
    await expect(source.readContentIds(id, 'datastore', KEYS, signal)).rejects.toMatchObject({
      code: 'disk_transport',
    });
    vcenter.faults.clear();
    vcenter.faults.add({ path: '/folder', kind: 'http', status: 503 });
    await expect(source.readContentIds(id, 'vddk', KEYS, signal)).rejects.toMatchObject({ transient: true });
  } finally {
    vcenter.faults.clear();
  }
});

test('a disk that is not there is left out', async () => {
  const { id } = vcenter.machine('plain');
  expect([...(await source.readContentIds(id, 'lease', ['2000', '2999'], signal)).keys()]).toEqual(['2000']);
});
