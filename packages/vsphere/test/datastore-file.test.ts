import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { VCenterOptions } from '@guts/lab-vcenter';
import { DatastoreFile, ProtocolError, UnreachableError } from '../src/index.ts';
import { describe, expect, test } from 'vitest';
import { Peer, signal } from './support.ts';

const MIB = 2 ** 20;

async function open(options: VCenterOptions = {}): Promise<{ peer: Peer; file: DatastoreFile }> {
  const disks = [{ sizeBytes: MIB, source: { pattern: 5 } }];
  const peer = await Peer.start({ machines: [{ name: 'a%b ü', disks }], ...options });
  const where = { datacenter: 'DC0', datastore: 'vmfs1', path: 'a_b ü/a_b ü-flat.vmdk' };
  return { peer, file: new DatastoreFile(await peer.connect(), where) };
}

describe('ranges of a file', () => {
  test('are its bytes, also when the session is lost between and during them', async () => {
    const { peer, file } = await open();
    const bytes = await readFile(peer.vcenter.machine('a%b ü').disks[0]?.path ?? '');
    expect(await file.size(signal)).toBe(MIB);
    const part = Buffer.alloc(100_000);
    await file.read(500_000, part, signal);
    expect(part.equals(bytes.subarray(500_000, 600_000))).toBe(true);

    peer.vcenter.faults.add({ path: '/folder', kind: 'rate', bytesPerSecond: MIB });
    const whole = Buffer.alloc(MIB);
    const step = MIB / 4;
    const reading = Array.from({ length: 4 }, (_, n) =>
      file.read(n * step, whole.subarray(n * step, (n + 1) * step), signal),
    );
    await sleep(100);
    peer.vcenter.expireSessions();
    await Promise.all(reading);
    await Promise.all([file.read(0, part, signal), file.size(signal), file.read(9, Buffer.alloc(9), signal)]);
    expect(whole.equals(bytes)).toBe(true);
    expect(part.equals(bytes.subarray(0, 100_000))).toBe(true);
    expect(peer.vcenter.sessions).toBe(1);
  });

  test('that the server does not honour are refused: a 200 is the whole file', async () => {
    const { file } = await open({ ignoreRange: true });
    const reading = file.read(4096, Buffer.alloc(4096), signal);
    await expect(reading).rejects.toBeInstanceOf(ProtocolError);
    await expect(reading).rejects.toThrow(/ignored the range/);
  });

  test('that end early are refused', async () => {
    const { peer, file } = await open();
    peer.vcenter.faults.add({ path: '/folder', kind: 'truncate', bytes: 1000 });
    await expect(file.read(0, Buffer.alloc(4096), signal)).rejects.toBeInstanceOf(UnreachableError);
  });
});
