import { type Extent, type Log, SILENT_LOG } from '@guts/core';
import { startVCenter, type VCenter, type VCenterOptions } from '@guts/lab-vcenter';
import { afterEach, expect, test } from 'vitest';
import { createVSphereDriver } from '../src/index.ts';

const MIB = 2 ** 20;
const signal = AbortSignal.timeout(60_000);
let vcenter: VCenter;
let warnings: string[] = [];
const log: Log = { ...SILENT_LOG, warn: (_fields, message) => void warnings.push(message) };
afterEach(async () => {
  await vcenter.close();
  warnings = [];
});

const dataExtents = [0, 2, 4, 6].map((n) => ({ offset: n * MIB, length: 4096 }));

/** What the driver makes of the map of a tracked disk with data in every second MiB. */
async function areas(
  options: VCenterOptions,
  spoil: () => void = () => undefined,
): Promise<readonly Extent[] | null> {
  vcenter = await startVCenter({
    machines: [{ name: 'a', disks: [{ sizeBytes: 8 * MIB, source: { pattern: 1, dataExtents } }] }],
    ...options,
  });
  const { url, username, password, fingerprintSha256: fingerprint } = vcenter;
  const config = { settings: { url, username, fingerprint }, secret: { password } };
  const source = await createVSphereDriver().connect(config, { signal, log });
  try {
    const { id } = vcenter.machine('a');
    await source.setChangeTracking(id, true, signal);
    spoil();
    return await source.allocatedAreas(id, '2000', signal);
  } finally {
    await source.close();
  }
}

test('come page by page until the capacity', async () => {
  const expected = dataExtents.map(({ offset }) => ({ offset, length: MIB }));
  expect(await areas({ changedAreasLimit: 1 })).toEqual(expected);
  expect(warnings).toEqual([]);
});

test('that contradict themselves are no map', async () => {
  expect(await areas({ changedAreasOrder: 'descending' })).toBeNull();
  expect(warnings).toEqual([expect.stringContaining('no usable map')]);
});

test('that the source cannot tell are no map', async () => {
  const refused = (): void =>
    vcenter.faults.add({ method: 'QueryChangedDiskAreas', kind: 'soapFault', name: 'FileFault' });
  expect(await areas({}, refused)).toBeNull();
  expect(warnings).toHaveLength(1);
});

test('that cannot be asked for now are a failure, which passes', async () => {
  const away = (): void => vcenter.faults.add({ method: 'QueryChangedDiskAreas', kind: 'reset' });
  await expect(areas({}, away)).rejects.toMatchObject({ code: 'source_unreachable', transient: true });
});
