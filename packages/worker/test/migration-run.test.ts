import { once } from 'node:events';
import { buildReport, GutsError, stepsFor } from '@guts/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { copier, Rig } from './rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await Rig.open();
});
afterEach(() => rig.store.close());

describe('a cold migration', () => {
  test('ends completed: source off, target active, data verified, nothing else left', async () => {
    await rig.create();
    const ended = await rig.run();
    expect(ended).toMatchObject({ status: 'completed', error: null });
    expect(rig.source.power).toBe('off');
    expect(rig.source.tracking).toBe(false);
    expect(rig.source.leases.size).toBe(0);
    expect(rig.destination.kinds()).toEqual(['image', 'port', 'server', 'volume']);
    const passes = await rig.store.listPasses(rig.id);
    expect(passes.map((pass) => pass.verification)).toMatchObject([{ matches: true }, { matches: true }]);
    const volume = [...rig.destination.things.values()].find((thing) => thing.kind === 'volume');
    expect(volume?.bytes).toEqual(rig.source.disks.get('2001'));
  });

  test('to an address that another port has is blocked before anything is made', async () => {
    const mac = rig.source.nics[0]!.mac;
    const held = { networkId: 'n1', address: mac, portId: 'port-7' };
    rig.destination.held = [{ ...held, migrationId: 'another' }];
    await rig.create();
    expect(await rig.run()).toMatchObject({
      status: 'failed',
      error: { code: 'preflight_blocked', message: expect.stringContaining(`${mac} is taken on network`) },
    });
    expect(rig.destination.things.size).toBe(0);
    expect(rig.source.power).toBe('on');
  });

  test("is in nobody's way with its own ports", async () => {
    const mac = rig.source.nics[0]!.mac;
    rig.destination.held = [{ networkId: 'n1', address: mac, portId: 'port-7', migrationId: rig.id }];
    await rig.create();
    expect((await rig.run()).status).toBe('completed');
  });

  test('boots from a volume when asked', async () => {
    await rig.create({}, { bootFrom: 'volume' });
    expect((await rig.run()).status).toBe('completed');
    expect(rig.destination.kinds()).toEqual(['port', 'server', 'volume', 'volume']);
  });

  test('bytes that differ on the destination are a failure that names the place', async () => {
    rig.destination.corruptVolumes = true;
    await rig.create();
    const ended = await rig.run();
    expect(ended).toMatchObject({ status: 'failed', error: { code: 'disk_mismatch' } });
    expect(ended.error?.message).toContain('0+1024');
    expect(rig.source.power).toBe('on');
    expect(rig.destination.kinds()).toEqual([]);
  });

  test.for(['sha256', 'none'])(
    'an image whose own hash is %s is read back and compared',
    async (imageHash) => {
      rig.destination.imageHash = imageHash;
      await rig.create();
      expect(await rig.run()).toMatchObject({ status: 'completed', error: null });
      const [image] = (await rig.store.listPasses(rig.id)).filter((pass) => pass.diskKey === '2000');
      expect(image?.verification).toMatchObject({
        matches: true,
        detail: expect.stringContaining('read back'),
      });
    },
  );

  test('an image that is read back as other bytes is a mismatch', async () => {
    rig.destination.imageHash = 'md5';
    rig.destination.corruptImages = true;
    await rig.create();
    expect(await rig.run()).toMatchObject({ status: 'failed', error: { code: 'disk_mismatch' } });
  });

  test('an image that can neither be compared nor read back is not called other bytes', async () => {
    rig.destination.imageHash = 'sha256';
    rig.destination.keepsImages = true;
    await rig.create();
    const { error } = await rig.run();
    expect(error).toMatchObject({
      code: 'destination_refused',
      message: expect.stringContaining('cannot be verified'),
      remedy: expect.stringContaining('hashing_algorithm'),
    });
  });

  test('a volume that the worker does not reach is found while the source runs, and goes again', async () => {
    rig.destination.refuse.add('attachment');
    await rig.create({}, { bootFrom: 'volume' });
    expect(await rig.run()).toMatchObject({ status: 'failed', error: { code: 'destination_quota' } });
    const steps = (await rig.store.listSteps(rig.id)).map((one) => one.step);
    expect(steps).toContain('reserve');
    expect(steps).not.toContain('shutdown');
    expect(rig.destination.kinds()).toEqual([]);
  });

  test('a zone that volumes made from images cannot be in is found while the source runs', async () => {
    rig.destination.volumeTransports = ['image'];
    rig.destination.zones = { compute: ['az1'], volume: ['nova'] };
    rig.destination.refuse.add('volume');
    await rig.create({}, { bootFrom: 'volume', availabilityZone: 'az1' });
    expect(await rig.run()).toMatchObject({ status: 'failed', error: { code: 'destination_quota' } });
    const steps = (await rig.store.listSteps(rig.id)).map((one) => one.step);
    expect(steps).toContain('reserve');
    expect(steps).not.toContain('shutdown');
    expect(rig.destination.kinds()).toEqual([]);
  });

  test('a zone that the cloud takes for volumes although it does not list it leaves no trace of the trial', async () => {
    rig.destination.volumeTransports = ['image'];
    rig.destination.zones = { compute: ['az1'], volume: ['nova'] };
    await rig.create({}, { bootFrom: 'volume', availabilityZone: 'az1' });
    expect(await rig.run()).toMatchObject({ status: 'completed' });
    const artifacts = await rig.store.listArtifacts(rig.id);
    expect(artifacts.find((one) => one.role === 'volume-zone')).toMatchObject({ status: 'removed' });
    const left = [...rig.destination.things].filter(([, { kind }]) => kind === 'volume').map(([id]) => id);
    const used = artifacts.filter((one) => one.role.startsWith('volume:')).map((one) => one.externalId);
    expect(new Set(left)).toEqual(new Set(used));
  });

  test('a guest that does not stop fails under guest-only, and is left on', async () => {
    rig.source.shutdown = 'deadline';
    await rig.create({ power: 'guest-only' });
    expect(await rig.run()).toMatchObject({ status: 'failed', error: { code: 'source_power' } });
    expect(rig.source.power).toBe('on');
    expect(rig.destination.kinds()).toEqual([]);
  });

  test('a machine that was off stays off after a failure', async () => {
    rig.source.power = 'off';
    rig.destination.refuse.add('server');
    await rig.create();
    expect(await rig.run()).toMatchObject({ status: 'failed', error: { code: 'destination_quota' } });
    expect(rig.source.power).toBe('off');
  });

  test('a blocker found by the source stops it before anything is made', async () => {
    rig.source.findings = [{ severity: 'blocker', code: 'disk.rdm', message: 'raw device mapping' }];
    await rig.create();
    expect(await rig.run()).toMatchObject({ status: 'failed', error: { code: 'preflight_blocked' } });
    expect(await rig.store.listArtifacts(rig.id)).toEqual([]);
    expect(rig.source.power).toBe('on');
    const steps = await rig.store.listSteps(rig.id);
    const { findings } = buildReport(await rig.migration(), steps, [], [], []);
    expect(findings.map((finding) => finding.code)).toContain('disk.rdm');
  });

  test('without proof of a boot, `require` is a failure and `report` is not', async () => {
    rig.destination.console = 'kernel panic';
    await rig.create({ verifyBoot: 'require' });
    expect(await rig.run()).toMatchObject({ status: 'failed', error: { code: 'boot_not_proven' } });
    expect(rig.destination.kinds()).toEqual([]);
    expect(rig.source.power).toBe('on');
  });
});

describe('on_failure: undo', () => {
  test.for(stepsFor('cold').map((step) => step.name))(
    'after %s leaves nothing, and the source on',
    async (step) => {
      await rig.create();
      const ended = await rig.run({
        afterStep: (name) => {
          if (name === step) throw new GutsError('fault_injected', `after ${step}`);
        },
      });
      expect(ended).toMatchObject({ status: 'failed', error: { code: 'fault_injected' } });
      expect(ended.error?.details).toBeUndefined();
      expect(rig.destination.kinds()).toEqual([]);
      expect(rig.source).toMatchObject({ power: 'on', tracking: false });
      expect(rig.source.leases.size).toBe(0);
      const left = (await rig.store.listArtifacts(rig.id)).filter((one) => one.status !== 'removed');
      expect(left).toEqual([]);
    },
  );

  test('an object whose creation was not answered is found by its marker and removed', async () => {
    for (const kind of ['port', 'image', 'server'] as const) {
      rig.destination.loseAnswer.add(kind);
      if (kind === 'port') await rig.create();
      else await rig.retry();
      expect((await rig.run()).status).toBe('failed');
      expect(rig.destination.kinds()).toEqual([]);
    }
    await rig.retry();
    expect((await rig.run()).status).toBe('completed');
  });

  test('what cannot be removed is told, and the source stays off beside a live target', async () => {
    rig.destination.cannotRemove.add('server');
    await rig.create();
    const ended = await rig.run({
      afterStep: (name) => {
        if (name === 'provision') throw new GutsError('fault_injected', 'after provision');
      },
    });
    expect(ended.status).toBe('failed');
    const residues = ended.error?.details?.['residues'] as { kind: string }[];
    expect(residues.map((one) => one.kind)).toEqual(expect.arrayContaining(['server', 'power_state']));
    expect(rig.source.power).toBe('off');
    // A retry resumes the undo, never the forward steps.
    rig.destination.cannotRemove.clear();
    await rig.store.moveMigration(rig.id, ['failed'], { status: 'queued' }, rig.event('retry'));
    const resumed = await rig.run();
    expect(resumed).toMatchObject({ status: 'failed' });
    expect(resumed.error?.details).toBeUndefined();
    expect(rig.destination.kinds()).toEqual([]);
    expect(rig.source.power).toBe('on');
  });
});

describe('on_failure: keep, and retry', () => {
  test('data read before the source ran again is copied again', async () => {
    rig.destination.refuse.add('server');
    await rig.create({ onFailure: 'keep' });
    expect((await rig.run()).status).toBe('failed');
    expect(rig.source.power).toBe('on');
    expect(rig.destination.kinds()).toEqual(['image', 'volume']);
    rig.destination.refuse.clear();
    rig.source.disks.get('2001')?.fill(77);
    await rig.retry();
    expect((await rig.run()).status).toBe('completed');
    const volume = [...rig.destination.things.values()].find((thing) => thing.kind === 'volume');
    expect(volume?.bytes).toEqual(rig.source.disks.get('2001'));
    expect(rig.destination.kinds()).toEqual(['image', 'port', 'server', 'volume']);
  });
});

describe('a worker that dies', () => {
  test.for(stepsFor('cold').map((step) => step.name))('after %s is succeeded by another', async (step) => {
    await rig.create();
    // It sleeps through its lease, and what it finds afterwards is that the lease is lost.
    await rig.run({
      seconds: 0.05,
      afterStep: (name) => {
        if (name === step) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 80);
      },
    });
    expect((await rig.succeed('w2')).status).toBe('completed');
    expect(rig.destination.kinds()).toEqual(['image', 'port', 'server', 'volume']);
    expect(rig.source).toMatchObject({ power: 'off', tracking: false });
  });
});

describe('cancel', () => {
  test('while running turns to the undo and ends cancelled', async () => {
    await rig.create();
    let nudge: () => void = () => undefined;
    // Copies for ever, so that only the request can end it.
    rig.copier = {
      ...copier,
      copy: async ({ signal }) => {
        await rig.store.requestCancel(rig.id, rig.event('cancel'));
        nudge();
        if (!signal.aborted) await once(signal, 'abort');
        throw signal.reason;
      },
    };
    const ended = await rig.run({ started: (run) => (nudge = () => run.nudge()) });
    expect(ended.status).toBe('cancelled');
    expect(rig.destination.kinds()).toEqual([]);
    expect(rig.source.power).toBe('on');
  });

  test('of a failed one that kept its things removes them', async () => {
    rig.destination.refuse.add('server');
    await rig.create({ onFailure: 'keep' });
    expect((await rig.run()).status).toBe('failed');
    await rig.store.moveMigration(rig.id, ['failed'], { status: 'cancelling' }, rig.event('cancel'));
    expect((await rig.run()).status).toBe('cancelled');
    expect(rig.destination.kinds()).toEqual([]);
    expect(rig.source.power).toBe('on');
  });
});
