import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openDiskFile, openOva, type DiskReader } from '@guts/disk';
import { digestOf, sha256 } from './support/nbd-judges.ts';
import { run } from './support/nbd.ts';

/** Disk files of VMware's own vmdk-convert and mkova (lab/real/vmdk/fetch.sh), read by ours; qemu-img judges. */
vi.setConfig({ testTimeout: 120_000 });
const tools = process.env['GUTS_OPEN_VMDK'] ?? '/var/cache/guts-real/vmdk/bin';
const MIB = 1024 * 1024;
const SIZE = 300 * MIB;
const { signal } = new AbortController();
const folder = mkdtempSync(join(tmpdir(), 'guts-files-real-'));
const file = (name: string): string => join(folder, name);
const source = file('source.raw');
let digest = '';

beforeAll(async () => {
  const handle = await open(source, 'w');
  await handle.truncate(SIZE);
  for (const [at, bytes] of [
    [0, randomBytes(100_000)],
    [5 * MIB, randomBytes(3 * MIB + 512)],
    [40 * MIB, Buffer.alloc(2 * MIB, 'guts')],
    [200 * MIB + 7 * 512, randomBytes(MIB)],
    [SIZE - 65_536, randomBytes(65_536)],
  ] as const)
    await handle.write(bytes, 0, bytes.length, at);
  await handle.close();
  digest = await sha256(createReadStream(source));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Run {
  readonly start: number;
  readonly length: number;
  readonly zero: boolean;
}
/** What ours calls zero and qemu-img calls data. */
async function disagreement(reader: DiskReader, path: string): Promise<number[]> {
  const theirs = JSON.parse(await run('qemu-img', 'map', '--output=json', '-f', 'vmdk', path)) as Run[];
  const data = theirs.filter(({ zero }) => !zero);
  const wrong: number[] = [];
  for await (const { offset, length, kind } of reader.extents(signal))
    if (kind === 'zero' && data.some((run) => run.start < offset + length && offset < run.start + run.length))
      wrong.push(offset);
  return wrong;
}

test.each([
  ['as it comes', []],
  ['quickly, by four threads', ['-c', '1', '-n', '4']],
  ['with grains in no order', ['-n', '4', '--noreorder']],
])('a disk that vmdk-convert made %s', async (name, options) => {
  const path = file(`${name}.vmdk`);
  await run(join(tools, 'vmdk-convert'), ...options, source, path);
  const { format, reader } = await openDiskFile(path);
  expect([format, reader.size]).toEqual(['vmdk', SIZE]);
  expect((await digestOf(reader, signal)).digest).toBe(digest);
  expect(await disagreement(reader, path)).toEqual([]);
  await reader.close();
});

test('a disk that vmdk-convert made of one of qemu-img', async () => {
  await run(
    'qemu-img',
    'convert',
    '-O',
    'vmdk',
    '-o',
    'subformat=monolithicSparse',
    source,
    file('hosted.vmdk'),
  );
  await run(join(tools, 'vmdk-convert'), file('hosted.vmdk'), file('again.vmdk'));
  const { reader } = await openDiskFile(file('again.vmdk'));
  expect((await digestOf(reader, signal)).digest).toBe(digest);
  await reader.close();
});

test.each(['11', '14', '20'])('an OVA that mkova made for hardware version %s', async (version) => {
  await run(join(tools, 'vmdk-convert'), '-c', '1', source, file('first.vmdk'));
  await run('qemu-img', 'create', '-f', 'raw', file('empty.raw'), '8M');
  await run(join(tools, 'vmdk-convert'), file('empty.raw'), file('second.vmdk'));
  // It works in the folder that it is called in.
  await run(
    'bash',
    '-c',
    'cd "$1" && "$2/mkova" --hw "$3" "made$3" first.vmdk second.vmdk',
    'bash',
    folder,
    tools,
    version,
  );
  const ova = await openOva(file(`made${version}.ova`));
  expect(ova.disks.map(({ file: name, capacity }) => [name, capacity])).toEqual([
    [`made${version}-disk1.vmdk`, SIZE],
    [`made${version}-disk2.vmdk`, 8 * MIB],
  ]);
  await ova.verify(signal);
  const [first] = ova.disks;
  if (!first) throw new Error('no disk');
  const reader = await ova.openDisk(first, signal);
  expect((await digestOf(reader, signal)).digest).toBe(digest);
  await reader.close();
  const stream = await ova.openStream(first, signal);
  const whole = Buffer.alloc(SIZE);
  for await (const { offset, data } of stream.chunks(signal)) whole.set(data, offset);
  expect(createHash('sha256').update(whole).digest('hex')).toBe(digest);
  expect(Buffer.compare(whole, readFileSync(source))).toBe(0);
  await ova.close();
});
