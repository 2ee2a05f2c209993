import { expect, test } from 'vitest';
import {
  DiskUsageError,
  listNbdExports,
  NbdError,
  openNbdReader,
  UnsupportedDiskError,
} from '../src/index.ts';
import { at, failure, sparse, reading, serve, signal, turnsUntil } from './nbd-rig.ts';
import { optionReply } from './nbd-messages.ts';
import { type FakeOptions } from './nbd-server.ts';

test.each([
  ['structured replies', true, {}],
  ['simple replies', false, { refuse: { 8: 0x80000001 } }],
  ['an old server without GO', true, { refuse: { 7: 0x80000001 } }],
  ['an old server that pads', true, { refuse: { 7: 0x80000001 }, handshakeFlags: 1 }],
])('reads what lies there, over %s', async (_name, knowsMap, how) => {
  const disk = sparse();
  const server = await serve({ exports: { '': { disk } }, ...how });
  const reader = await reading(server, { requestBytes: 10_000 });
  expect(reader.size).toBe(disk.length);
  expect(reader.capabilities).toEqual({
    randomAccess: true,
    multiPass: true,
    knowsMap,
  });
  const whole = new Uint8Array(disk.length).fill(0xaa);
  await reader.read(0, whole, signal);
  expect(Buffer.compare(whole, disk)).toBe(0);
  const part = new Uint8Array(12_345);
  await reader.read(99_999, part, signal);
  expect(Buffer.compare(part, disk.subarray(99_999, 99_999 + 12_345))).toBe(0);
  await expect(reader.read(disk.length - 1, new Uint8Array(2), signal)).rejects.toThrow(DiskUsageError);
  expect(Math.max(...server.served.map(({ length }) => length))).toBeLessThanOrEqual(10_000);
  await turnsUntil(() => reader.connections === 4);
  await reader.close();
  await turnsUntil(() => server.open === 0);
  expect(server.served.filter(({ type }) => type === 2).length).toBe(server.connections);
});

test('each way to refuse has its own error', async () => {
  const disk = new Uint8Array(512);
  const exports = { '': { disk } };
  const code = async (options: Partial<FakeOptions>, name = ''): Promise<string> => {
    const server = await serve({ exports, ...options });
    const error = await failure(openNbdReader(at(server, name), signal));
    expect(error).toBeInstanceOf(NbdError);
    return `${(error as NbdError).code}: ${(error as NbdError).message}`;
  };
  const greeting = (style: bigint): Buffer => {
    const bytes = Buffer.alloc(152);
    bytes.writeBigUInt64BE(0x4e42444d41474943n);
    bytes.writeBigUInt64BE(style, 8);
    return bytes;
  };
  expect(await code({}, 'nowhere "x"')).toMatch(/^nbd_export_unknown: .*no export "nowhere \\"x\\""/);
  expect(await code({ greeting: greeting(0x00420281861253n) })).toMatch(/^nbd_too_old: .*oldstyle/);
  expect(await code({ handshakeFlags: 0 })).toMatch(/^nbd_too_old: .*fixed newstyle/);
  expect(await code({ greeting: greeting(1n) })).toMatch(/^nbd_protocol: /);
  expect(await code({ greeting: Buffer.from('SSH-2.0-OpenSSH_9.2p1 Debian') })).toMatch(
    /^nbd_protocol: .*greet/,
  );
  expect(await code({ refuse: { 8: 0x80000005, 7: 0x80000005 } })).toMatch(/^nbd_tls_required: .*nbds/);
  expect(await code({ refuse: { 7: 0x80000005 } })).toMatch(/^nbd_tls_required: .*because of a test/);
  expect(await code({ refuse: { 7: 0x80000002 } })).toMatch(/^nbd_policy: .*because of a test/);
  expect(await code({ refuse: { 7: 0x80000007 } })).toMatch(/^nbd_shutdown: /);
  expect(await code({ refuse: { 7: 0x80000008 } })).toMatch(/^nbd_refused: .*80000008/);
  expect(await code({ refuse: { 7: 0x80000001 } }, 'gone')).toMatch(/^nbd_export_unknown: .*hangs up/);
  expect(await code({ cutAfter: () => 18 })).toMatch(/^nbd_connection_lost: /);
  expect(await code({ onOption: (option) => [optionReply(option + 1, 1)] })).toMatch(
    /^nbd_protocol: .*not sent/,
  );
  expect(await code({ onOption: () => [Buffer.alloc(20, 7)] })).toMatch(/^nbd_protocol: .*magic/);
  expect(await code({ onOption: (option) => [optionReply(option, 1, Buffer.alloc(20_000))] })).toMatch(
    /^nbd_protocol: .*20000/,
  );
  expect(await code({ onOption: (option) => (option === 7 ? [optionReply(7, 1)] : undefined) })).toMatch(
    /^nbd_protocol: .*describe/,
  );
  const info = optionReply(7, 3, Buffer.from([0, 77]));
  expect(
    await code({
      onOption: (option) => (option === 7 ? Array.from({ length: 1000 }, () => info) : undefined),
    }),
  ).toMatch(/^nbd_protocol: .*without end/);
  const nowhere = {
    target: { address: { kind: 'unix' as const, path: '/nowhere/at/all' }, exportName: '', secure: false },
  };
  expect(await failure(openNbdReader(nowhere, signal))).toMatchObject({
    code: 'nbd_unreachable',
    retryable: true,
  });
});

test('a server that says nothing, and one that is aborted, are left in time', async () => {
  const server = await serve({ exports: {}, mostConnections: 0 });
  expect(await failure(openNbdReader({ ...at(server), connectSeconds: 0.05 }, signal))).toMatchObject({
    code: 'nbd_stalled',
    retryable: true,
  });
  const stop = new AbortController();
  const opening = failure(openNbdReader(at(server), stop.signal));
  setTimeout(() => stop.abort(new Error('enough')), 20);
  expect(await opening).toMatchObject({ message: 'enough' });
  await turnsUntil(() => server.open === 0);
});

test('impossible sizes are refused', async () => {
  const opened = async (item: object): Promise<unknown> => {
    const server = await serve({ exports: { '': { disk: new Uint8Array(8192), ...item } } });
    return failure(openNbdReader(at(server), signal));
  };
  expect(await opened({ size: 2n ** 63n })).toBeInstanceOf(UnsupportedDiskError);
  expect(await opened({ size: 2n ** 53n })).toBeInstanceOf(UnsupportedDiskError);
  expect(await opened({ size: 5000n, blocks: [4096, 4096, 65536] })).toBeInstanceOf(UnsupportedDiskError);
  for (const blocks of [
    [3, 4096, 65536],
    [0, 4096, 65536],
    [131072, 131072, 2 ** 25],
    [512, 100, 4096],
    [512, 4096, 512],
  ])
    expect(await opened({ blocks })).toMatchObject({ code: 'nbd_protocol' });
});

test('lists exports; a policy against it is told', async () => {
  const server = await serve({
    exports: { a: { disk: new Uint8Array(1) }, 'b/c': { disk: new Uint8Array(1) } },
  });
  expect(await listNbdExports(at(server), signal)).toEqual([
    { name: 'a', description: 'a disk' },
    { name: 'b/c', description: 'a disk' },
  ]);
  const shy = await serve({ exports: {}, refuse: { 3: 0x80000002 } });
  await expect(listNbdExports(at(shy), signal)).rejects.toMatchObject({ code: 'nbd_policy' });
  const endless = await serve({
    exports: {},
    onOption: () => Array.from({ length: 20_000 }, () => optionReply(3, 2, Buffer.alloc(4))),
  });
  await expect(listNbdExports(at(endless), signal)).rejects.toMatchObject({ code: 'nbd_protocol' });
});
