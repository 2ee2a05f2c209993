import { describe, expect, test } from 'vitest';
import { scriptedSession } from '../../test/scripted-session.ts';
import {
  computeLimits,
  consoleOutput,
  createFlavor,
  createServer,
  deleteServer,
  lockServer,
  serverAction,
  unlockServer,
  waitServer,
  waitServerGone,
} from '../index.ts';

const signal = AbortSignal.timeout(20_000);
const scripted = scriptedSession(signal);
const wait = { signal, deadlineSeconds: 10 };

const SERVER = {
  name: 'n',
  flavorId: 'f',
  portIds: ['p-1'],
  imageId: null,
  blockDevices: [{ uuid: 'v', source_type: 'volume', destination_type: 'volume', boot_index: 0 }],
  availabilityZone: null,
  metadata: { a: 'b' },
  tags: ['t'],
};

describe('a server is asked for', () => {
  test('with its ports, volumes and tags', async () => {
    const { cloud, session, bodies } = scripted();
    cloud.on('POST /compute/v2.1/servers', () => ({ status: 202, json: { server: { id: 's' } } }));
    expect(await createServer(session, SERVER, signal)).toBe('s');
    await createServer(
      session,
      { ...SERVER, portIds: [], imageId: 'i', blockDevices: [], availabilityZone: 'az', configDrive: true },
      signal,
    );
    expect(bodies()).toEqual([
      {
        server: {
          name: 'n',
          flavorRef: 'f',
          networks: [{ port: 'p-1' }],
          block_device_mapping_v2: SERVER.blockDevices,
          metadata: { a: 'b' },
          tags: ['t'],
        },
      },
      {
        server: {
          name: 'n',
          flavorRef: 'f',
          networks: 'none',
          imageRef: 'i',
          availability_zone: 'az',
          metadata: { a: 'b' },
          tags: ['t'],
          config_drive: true,
        },
      },
    ]);
  });

  test('without what an old Nova does not know', async () => {
    const { cloud, session, bodies } = scripted();
    cloud.on('GET /compute/v2.1/', () => ({ json: { version: { version: '2.15' } } }));
    cloud.on('POST /compute/v2.1/servers', () => ({ status: 202, json: { server: { id: 's' } } }));
    cloud.on('POST /compute/v2.1/flavors', () => ({ json: { flavor: { id: 'f' } } }));
    await createServer(session, { ...SERVER, portIds: [], description: 'd' }, signal);
    await createFlavor(session, { name: 'f', vcpus: 1, ram: 2, disk: 3, description: 'd' }, signal);
    expect(bodies()[0]).toEqual({
      server: {
        name: 'n',
        flavorRef: 'f',
        networks: [],
        block_device_mapping_v2: SERVER.blockDevices,
        metadata: { a: 'b' },
      },
    });
    expect(bodies()[1]).not.toHaveProperty('flavor.description');
    expect(cloud.calls[0]?.headers['openstack-api-version']).toBe('compute 2.15');
  });
});

describe('waiting for a server', () => {
  const states = (...steps: readonly Record<string, unknown>[]): void =>
    scripted().cloud.on('GET /compute/v2.1/servers/s', (_seen, count) => {
      const step = steps[Math.min(count, steps.length) - 1];
      return step?.['status'] === 'GONE' ? { status: 404 } : { json: { server: { id: 's', ...step } } };
    });

  test('goes on while it is being built, or busy', async () => {
    states(
      { status: 'BUILD' },
      { status: 'ACTIVE', 'OS-EXT-STS:task_state': 'powering-off' },
      { status: 'ACTIVE', 'OS-EXT-STS:task_state': null },
    );
    await waitServer(scripted().session, 's', ['ACTIVE'], wait);
    expect(scripted().cloud.calls).toHaveLength(3);
  });

  test.for([
    [{ status: 'ERROR', fault: { message: 'No valid host was found.', code: 500 } }, /No valid host/],
    [{ status: 'ERROR' }, /gives no reason/],
    [{ status: 'GONE' }, /server s is gone/],
  ] as const)('ends with the reason of %j', async ([state, message]) => {
    states({ status: 'BUILD' }, state);
    const waiting = waitServer(scripted().session, 's', ['ACTIVE'], wait);
    await expect(waiting).rejects.toThrow(message);
  });

  test('to be gone ends when it is', async () => {
    states({ status: 'ACTIVE' }, { status: 'GONE' });
    await waitServerGone(scripted().session, 's', wait);
    expect(scripted().cloud.calls).toHaveLength(2);
  });
});

test.for([
  [{ json: { output: 'READY\n' } }, 'READY\n'],
  [{ json: { output: null } }, null],
  [{ status: 404 }, null],
  [{ status: 409 }, null],
] as const)('a console of %j', async ([reply, text]) => {
  const { cloud, session, bodies } = scripted();
  cloud.on('POST /compute/v2.1/servers/s/action', () => reply);
  expect(await consoleOutput(session, 's', 7, signal)).toBe(text);
  expect(bodies()).toEqual([{ 'os-getConsoleOutput': { length: 7 } }]);
});

test('a console that is forbidden is not a console that is empty', async () => {
  const { cloud, session } = scripted();
  cloud.on('POST /compute/v2.1/servers/s/action', () => ({ status: 403 }));
  await expect(consoleOutput(session, 's', 7, signal)).rejects.toMatchObject({ code: 'forbidden' });
});

test('an action names itself', async () => {
  const { cloud, session, bodies } = scripted();
  cloud.on('POST /compute/v2.1/servers/s/action', () => ({ status: 202 }));
  await serverAction(session, 's', 'os-stop', signal);
  expect(bodies()).toEqual([{ 'os-stop': null }]);
});

test('a deletion tells whether there was something', async () => {
  const { cloud, session } = scripted();
  cloud.on('DELETE /compute/v2.1/servers/s', (_seen, count) => ({ status: count === 1 ? 204 : 404 }));
  expect(await deleteServer(session, 's', signal)).toBe(true);
  expect(await deleteServer(session, 's', signal)).toBe(false);
  cloud.on('DELETE /compute/v2.1/servers/s', () => ({ status: 403 }));
  await expect(deleteServer(session, 's', signal)).rejects.toMatchObject({ code: 'forbidden' });
});

test('limits tell what is left; none is unlimited', async () => {
  const { cloud, session } = scripted();
  const absolute = {
    maxTotalInstances: 10,
    totalInstancesUsed: 3,
    maxTotalCores: 4,
    totalCoresUsed: 6,
    maxTotalRAMSize: -1,
    totalRAMUsed: 5,
  };
  cloud.on('GET /compute/v2.1/limits', () => ({ json: { limits: { absolute } } }));
  expect(await computeLimits(session, signal)).toEqual({ instances: 7, cores: 0, ram: null });
});

test.for([
  ['2.93', { locked_reason: 'x'.repeat(255) }],
  ['2.72', null],
] as const)('a lock at a cloud that speaks %s says why where it can', async ([version, lock]) => {
  const { cloud, session, bodies } = scripted();
  cloud.on('GET /compute/v2.1/', () => ({ json: { version: { version } } }));
  cloud.on('POST /compute/v2.1/servers/s/action', () => ({ status: 202 }));
  await lockServer(session, 's', 'x'.repeat(300), signal);
  await unlockServer(session, 's', signal);
  expect(bodies()).toEqual([{ lock }, { unlock: null }]);
});
