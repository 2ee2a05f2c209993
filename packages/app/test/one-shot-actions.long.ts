import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { addMigrate } from '../src/commands/migrate.ts';
import { type Lab, NOTHING, useLab } from './lab.ts';

let lab: Lab;
let runs = 0;
useLab((one) => (lab = one));
beforeEach(() => {
  runs += 1;
  const env = { ...lab.env, GUTS_STATE_DIR: join(lab.folder, `actions-${runs}`) };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
});
afterEach(() => {
  vi.unstubAllEnvs();
  lab.vcenter.machine('web').setPower('poweredOn');
});

/** The command line in this process, whose start takes longer than what it does here. */
async function guts(args: readonly string[]): Promise<{ code: number; out: string }> {
  let code = 0;
  let out = '';
  const program = new Command('guts').exitOverride().option('--json', '', false);
  addMigrate(program, program.command('migrate'), (given) => {
    code = given;
  });
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
  } finally {
    write.mockRestore();
  }
  return { code, out };
}

function ends(cloud = 'fake-demo'): string[] {
  const { url, fingerprintSha256 } = lab.vcenter;
  return ['--source', url, '--fingerprint', fingerprintSha256, '--cloud', cloud, '--instance', 'web'];
}
const move = (...more: string[]) =>
  guts(['migrate', ...ends(), '--network', 'private', '--boot-pattern', 'GUTS-GUEST-READY', ...more]);
const ask = (action: string, ...more: string[]) => guts(['migrate', '--action', action, ...ends(), ...more]);
/** The line that was told for a purpose, as words. */
function toldLine(text: string, purpose: string): string[] {
  const line = text.split('\n').find((one) => one.includes(purpose)) ?? '';
  return line.slice(line.indexOf('guts migrate')).split(' ').slice(1);
}
const power = () => lab.vcenter.machine('web').powerState;

describe('what guts migrate moved', { timeout: 60_000 }, () => {
  test('goes back by the line that it told, which parks the target', async () => {
    const moved = await move();
    expect(moved).toMatchObject({ code: 0, out: expect.stringMatching(/to keep it for good: guts migrate/) });

    const again = move();
    await expect(again).rejects.toMatchObject({ code: 'conflict' });
    await expect(again).rejects.toMatchObject({
      remedy: expect.stringMatching(/guts migrate --action revert.*\n.*guts migrate --action commit/),
    });

    const line = toldLine(moved.out, 'to go back').map((word) =>
      // The same source, written otherwise.
      word === lab.vcenter.url ? `${lab.vcenter.url.replace('https', 'HTTPS')}/sdk/` : word,
    );
    await expect(guts(line)).rejects.toThrow(/since cutover is lost[^]*--yes/);
    expect(power()).toBe('poweredOff');
    const reverted = await guts([...line, '--yes']);
    expect(reverted).toMatchObject({ code: 0, out: expect.stringMatching(/^web: reverted/m) });
    expect(reverted.out).not.toMatch(/preflight done|guts migrate/);
    expect(power()).toBe('poweredOn');
    expect([...lab.cloud.servers.values()]).toMatchObject([{ status: 'SHUTOFF' }]);

    await expect(ask('revert', '--yes')).rejects.toMatchObject({ code: 'conflict' });
  });

  test('goes back and leaves nothing, when so told, and is moved again', async () => {
    await move();
    expect(await ask('revert', '--yes', '--target', 'remove')).toMatchObject({ code: 0 });
    expect(lab.left()).toEqual(NOTHING);
    expect(power()).toBe('poweredOn');
    expect(await move()).toMatchObject({ code: 0 });
  });

  test('is committed, and cannot go back then', async () => {
    await move();
    const otherwise = guts(['migrate', '--action', 'commit', ...ends('fake')]);
    await expect(otherwise).rejects.toMatchObject({ code: 'bad_request', remedy: 'It went to fake-demo.' });
    await expect(guts(['migrate', ...ends('fake')])).rejects.toMatchObject({
      code: 'conflict',
      remedy: expect.stringMatching(/--action commit.* --cloud fake-demo/),
    });
    const { code, out } = await guts(['--json', 'migrate', '--action', 'commit', ...ends()]);
    expect([code, JSON.parse(out)]).toMatchObject([0, { status: 'committed' }]);
    expect(lab.vcenter.machine('web').annotation).toMatch(/Migrated to OpenStack by GUTS/);
    await expect(ask('revert', '--yes')).rejects.toMatchObject({ code: 'conflict' });
  });

  test('is not committed when the vCenter refuses, says why, and may be asked again', async () => {
    await move();
    lab.vcenter.faults.add({ method: 'ReconfigVM_Task', kind: 'soapFault', name: 'NoPermission' });
    const refused = await ask('commit');
    lab.vcenter.faults.clear();
    expect(refused.code).toBe(7);
    expect(refused.out).toMatch(/not committed: .*NoPermission/);
    expect(await guts(toldLine(refused.out, 'to keep it for good'))).toMatchObject({ code: 0 });
  });
});

describe('what guts migrate left', { timeout: 60_000 }, () => {
  const failing = ['--verify-boot', 'require', '--boot-seconds', '1', '--boot-pattern', 'never'];

  test('for a retry is removed by a cancel, or gone on with', async () => {
    const failed = await move(...failing, '--on-failure', 'keep');
    expect(failed).toMatchObject({ code: 10 });
    expect(lab.left()).toMatchObject({ servers: 1 });
    await expect(move(...failing)).rejects.toMatchObject({
      code: 'conflict',
      remedy: expect.stringMatching(/--action retry.*\n.*--action cancel/),
    });
    expect(await guts(toldLine(failed.out, 'to go on'))).toMatchObject({ code: 10 });
    expect(await guts(toldLine(failed.out, 'to put everything back'))).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^web: cancelled/m),
    });
    expect(lab.left()).toEqual(NOTHING);
    expect(power()).toBe('poweredOn');
  });

  test('because it could not be removed is gone on with', async () => {
    lab.cloud.faults.add({
      service: 'network',
      method: 'DELETE',
      path: /ports/,
      times: Infinity,
      kind: 'status',
      status: 403,
    });
    const failed = await move(...failing);
    expect(failed.code).toBe(10);
    expect(lab.left()).toMatchObject({ ports: 1 });
    lab.cloud.faults.clear();
    expect(await guts(toldLine(failed.out, 'to put everything back'))).toMatchObject({ code: 0 });
    expect(lab.left()).toEqual(NOTHING);
  });
});

describe('a command line that makes no sense is refused before anything is done', () => {
  test('a boot pattern that is none', async () => {
    await expect(move('--boot-pattern', 'login (')).rejects.toMatchObject({
      code: 'bad_request',
      field: '--boot-pattern',
    });
    await expect(move('--boot-pattern', 'a'.repeat(501))).rejects.toThrow(/501 characters/);
    expect(lab.left()).toEqual(NOTHING);
    expect(power()).toBe('poweredOn');
  });
  test('a name that is too long', async () => {
    await expect(move('--name', 'x'.repeat(256))).rejects.toMatchObject({ code: 'bad_request' });
  });
  test.for([
    [['commit', '--yes'], /--yes belongs to --action revert/],
    [['retry', '--target', 'park'], /--target belongs/],
    [['retry', '--flavor', 'm1'], /--flavor says how.*leave it out/],
    [['commit'], /no migration of "web".*is known here/],
  ] as const)('%j', async ([[action = '', ...more], message]) => {
    await expect(ask(action, ...more)).rejects.toThrow(message);
  });
});
