import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { compareDisks } from '../../../lab/checker/src/compare.ts';
import { type Lab, NOTHING, guts, useLab } from './lab.ts';

let lab: Lab;
useLab((one) => (lab = one));

/** Resolves when the process has said it. */
function said(child: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let seen = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      seen += chunk.toString('utf8');
      if (seen.includes(text)) resolve();
    });
    child.once('close', () => reject(new Error(`it never said "${text}", but: ${seen}`)));
  });
}

describe('a run that is cut off', { timeout: 120_000 }, () => {
  afterEach(() => lab.vcenter.machine('web').setPower('poweredOn'));

  test.for(['baseline done', 'transfer done', 'provision done'])(
    'killed after "%s" goes on when the same command is run again',
    async (moment) => {
      const state = {
        GUTS_LEASE_SECONDS: '5',
        GUTS_STATE_DIR: join(lab.folder, `killed-${moment.split(' ')[0]}`),
      };
      // Long enough in its last steps to be killed there.
      const slow = ['--boot-pattern', 'never shown', '--boot-seconds', '4'];
      const first = lab.start('web', slow, state);
      await said(first.child, moment);
      first.child.kill('SIGKILL');
      await first.ended;
      const second = await lab.migrate('web', slow, state);
      expect(second.out).toContain('completed, verified (1 disk)');
      expect(second.code).toBe(0);
      expect(lab.left()).toEqual({ ports: 1, images: 1, volumes: 0, servers: 1 });
      const [server] = [...lab.cloud.servers.values()];
      const source = lab.vcenter.machine('web').disks[0]!.path;
      expect(await compareDisks(source, lab.cloud.rootDiskPath(server!.id))).toMatchObject({ equal: true });
    },
  );

  test('is not gone on with by a command with other options, but put back when so told', async () => {
    const state = { GUTS_LEASE_SECONDS: '5', GUTS_STATE_DIR: join(lab.folder, 'killed-otherwise') };
    lab.vcenter.faults.add({ path: '/folder', kind: 'delay', ms: 1500 });
    const first = lab.start('web', [], state);
    await said(first.child, 'baseline done');
    first.child.kill('SIGKILL');
    await first.ended;
    lab.vcenter.faults.clear();
    const other = await lab.migrate('web', ['--flavor', 'm1.tiny'], state);
    expect(other).toMatchObject({
      code: 2,
      err: expect.stringMatching(/--flavor \(then none, now "m1.tiny"\)[^]*guts migrate --action cancel/),
    });
    const line = /guts (migrate --action cancel .*)/.exec(other.err)?.[1]?.split(' ') ?? [];
    expect(await guts(line, { ...lab.env, ...state }).ended).toMatchObject({ code: 0 });
    expect(lab.left()).toEqual(NOTHING);
    expect(lab.vcenter.machine('web')).toMatchObject({ powerState: 'poweredOn', exporting: false });
  });

  test('interrupted once puts everything back', async () => {
    lab.vcenter.faults.add({ path: '/folder', kind: 'delay', ms: 1500 });
    const run = lab.start('web');
    await said(run.child, 'baseline done');
    run.child.kill('SIGINT');
    const ended = await run.ended;
    expect(ended.err).toContain('Putting everything back');
    expect(ended.code).toBe(5);
    expect(lab.left()).toEqual(NOTHING);
    expect(lab.vcenter.machine('web')).toMatchObject({ powerState: 'poweredOn', exporting: false });
  });
});
