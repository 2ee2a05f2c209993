import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Marker, SILENT_LOG } from '@guts/core';
import { startCloud } from '@guts/lab-cloud';
import { loadCloud } from '@guts/openstack';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createOpenStackDriver, hostFiles, toEndpointConfig } from '../src/index.ts';

const signal = AbortSignal.timeout(120_000);
let folder: string;
let count = 0;
const mark = (): Marker => ({ migrationId: 'm1', artifactId: `a${(count += 1)}` });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'odd-volumes-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test.for([
  [{ driver_volume_type: 'rbd', name: 'volumes/x' }, /type "rbd"/],
  [{ format: 'vmdk' }, /vmdk/],
  // The file is none, whatever the cloud says.
  [{ format: 'qcow2' }, /qcow2/],
  [{ export: 'nfs.example.org:/not/mounted' }, /does not reach volume-.* of the NFS share nfs.example.org/],
  [{ export: 'x:/var/lib/guts', name: 'guts.sqlite' }, /is no name of its/],
] as const)(
  'a volume that is %j is refused at once, and its attachment can be found',
  async ([info, why]) => {
    const cloud = await startCloud({ stateDir: join(folder, 'state'), connectionInfo: info });
    await cloud.writeCloudsYaml(join(folder, 'clouds.yaml'));
    const config = loadCloud({ cloud: 'fake', env: { OS_CLIENT_CONFIG_FILE: join(folder, 'clouds.yaml') } });
    const driver = createOpenStackDriver(hostFiles({ volumeRoots: [folder], stateDir: '/nonexistent' }));
    const context = { targetProject: null, signal, log: SILENT_LOG };
    const connection = await driver.connect(toEndpointConfig(config, 'device'), context);
    try {
      const empty = { name: 'v', sizeGiB: 1, volumeType: null, availabilityZone: null, imageId: null };
      const volume = await connection.create('volume', empty, mark(), signal);
      const marker = mark();
      const spec = { volumeId: volume.externalId };
      await expect(connection.create('attachment', spec, marker, signal)).rejects.toMatchObject({
        code: 'destination_refused',
        message: expect.stringMatching(why),
        remedy: expect.stringContaining('volume_access'),
        details: { unreached: true },
      });
      const left = await connection.find('attachment', spec, marker, signal);
      expect(await connection.remove('attachment', left?.externalId ?? '', signal)).toBe('removed');
      expect(await connection.remove('volume', volume.externalId, signal)).toBe('removed');
    } finally {
      await connection.close();
      await cloud.close();
    }
  },
);
