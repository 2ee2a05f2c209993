import { type Area, changedAreas, ProtocolError, setChangeTracking } from '../src/index.ts';
import { expect, test } from 'vitest';
import { Peer, signal } from './support.ts';

const MIB = 2 ** 20;

test('a disk in pieces: as many answers as it takes, and no more than one is willing to take', async () => {
  const dataExtents = Array.from({ length: 16 }, (_, n) => ({ offset: 2 * n * MIB, length: 512 }));
  const peer = await Peer.start({
    machines: [{ name: 'a', disks: [{ sizeBytes: 32 * MIB, source: { pattern: 1, dataExtents } }] }],
    changedAreasLimit: 3,
  });
  const session = await peer.connect();
  const vm = peer.vm('a');
  await setChangeTracking(session, vm, true, signal);
  const wanted = { vm, snapshot: null, deviceKey: 2000, changeId: '*', capacity: 32 * MIB, signal };
  const read = async (maxQueries?: number): Promise<Area[]> => {
    const areas: Area[] = [];
    const options = maxQueries === undefined ? wanted : { ...wanted, maxQueries };
    for await (const area of changedAreas(session, options)) areas.push(area);
    return areas;
  };
  expect(await read()).toEqual(dataExtents.map(({ offset }) => ({ offset, length: MIB })));
  await expect(read(5)).rejects.toBeInstanceOf(ProtocolError);
});
