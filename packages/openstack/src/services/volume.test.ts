import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scriptedSession } from '../../test/scripted-session.ts';
import {
  createAttachment,
  createVolume,
  deleteVolume,
  listVolumes,
  setImageMetadata,
  volumeLimits,
  waitVolume,
} from '../index.ts';

const signal = AbortSignal.timeout(20_000);
const scripted = scriptedSession(signal);
const wait = { signal, deadlineSeconds: 10 };
const ROOT = '/block-storage/v3/p1';

describe('a volume', () => {
  test('is asked for with what is set', async () => {
    const { cloud, session, bodies } = scripted();
    cloud.on(`POST ${ROOT}/volumes`, () => ({ status: 202, json: { volume: { id: 'v' } } }));
    const least = {
      name: 'n',
      sizeGiB: 3,
      volumeType: null,
      availabilityZone: null,
      imageId: null,
      metadata: {},
    };
    await createVolume(session, least, signal);
    const most = { ...least, volumeType: 't', availabilityZone: 'az', imageId: 'i', description: 'd' };
    await createVolume(session, most, signal);
    expect(bodies()).toEqual([
      { volume: { name: 'n', size: 3, metadata: {} } },
      {
        volume: {
          name: 'n',
          size: 3,
          metadata: {},
          volume_type: 't',
          availability_zone: 'az',
          imageRef: 'i',
          description: 'd',
        },
      },
    ]);
  });

  test.for([
    [{ json: { volume: { id: 'v', status: 'error' } } }, /volume v is in status error/],
    [{ json: { volume: { id: 'v', status: 'error_extending' } } }, /error_extending/],
    [{ status: 404 }, /volume v is gone/],
  ] as const)('that turns to %j is waited for no longer', async ([reply, message]) => {
    const { cloud, session } = scripted();
    cloud.on(`GET ${ROOT}/volumes/v`, (_seen, count) =>
      count === 1 ? { json: { volume: { id: 'v', status: 'creating' } } } : reply,
    );
    await expect(waitVolume(session, 'v', wait)).rejects.toThrow(message);
  });

  test('is deleted with its snapshots only when asked', async () => {
    const { cloud, session } = scripted();
    cloud.on(`DELETE ${ROOT}/volumes/v`, () => ({ status: 202 }));
    await deleteVolume(session, 'v', signal);
    await deleteVolume(session, 'v', signal, { cascade: true });
    expect(cloud.calls.map((one) => one.query)).toEqual([{}, { cascade: 'true' }]);
  });

  test('is described to Nova by its own action', async () => {
    const { cloud, session, bodies } = scripted();
    cloud.on(`POST ${ROOT}/volumes/v/action`, () => ({ json: {} }));
    await setImageMetadata(session, 'v', { hw_disk_bus: 'scsi' }, signal);
    expect(bodies()).toEqual([{ 'os-set_image_metadata': { metadata: { hw_disk_bus: 'scsi' } } }]);
  });
});

/** What Python reads from a literal in single quotes, as far as we write any. */
function unquote(literal: string): string {
  expect(literal).toMatch(/^'(?:[^'\\]|\\['\\])*'$/s);
  return literal.slice(1, -1).replaceAll(/\\(.)/gs, '$1');
}

test('a metadata filter is a Python literal that reads back as it was', async () => {
  const { cloud, session } = scripted();
  let asked = '';
  cloud.on(`GET ${ROOT}/volumes/detail`, ({ query }) => {
    asked = query['metadata'] ?? '';
    return { json: { volumes: [] } };
  });
  const printable = fc.string({ unit: fc.constantFrom('a', "'", '"', '\\', '{', '}', ':', ' ', ',', 'ü') });
  await fc.assert(
    fc.asyncProperty(printable, async (value) => {
      await listVolumes(session, { key: value }, signal);
      expect(asked.startsWith("{'key': ")).toBe(true);
      expect(unquote(asked.slice("{'key': ".length, -1))).toBe(value);
    }),
    { numRuns: 50 },
  );
});

describe('an attachment', () => {
  test('names no server, and a mode where that is known', async () => {
    const { cloud, session, bodies } = scripted();
    cloud.on(`POST ${ROOT}/attachments`, () => ({ json: { attachment: { id: 'a' } } }));
    await createAttachment(session, 'v', { host: 'h' }, signal);
    expect(bodies()).toEqual([{ attachment: { volume_uuid: 'v', connector: { host: 'h' }, mode: 'rw' } }]);
  });

  test('is refused in words by an old Cinder', async () => {
    const { cloud, session } = scripted();
    cloud.on('GET /block-storage/v3/', () => ({ json: { versions: [{ version: '3.27' }] } }));
    await expect(createAttachment(session, 'v', {}, signal)).rejects.toThrow(
      /offers 3.27; attachments need 3.44/,
    );
    expect(cloud.calls).toEqual([]);
  });
});

test('limits tell what is left', async () => {
  const { cloud, session } = scripted();
  const absolute = {
    maxTotalVolumes: 10,
    totalVolumesUsed: 10,
    maxTotalVolumeGigabytes: -1,
    totalGigabytesUsed: 7,
  };
  cloud.on(`GET ${ROOT}/limits`, () => ({ json: { limits: { absolute } } }));
  expect(await volumeLimits(session, signal)).toEqual({ volumes: 0, gigabytes: null });
});
