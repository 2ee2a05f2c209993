import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Cloud, startCloud } from '@guts/lab-cloud';
import { startVCenter, type VCenter } from '@guts/lab-vcenter';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Daemon, freePort, startAll } from './daemon.ts';
import { differs, type Example, examplesOf, run } from './guide.ts';
import { guestDisk, smallMachine } from './lab.ts';

/** The examples of docs/api-guide.md, in their order, against `guts all` between both fakes. */
const examples = examplesOf(readFileSync(resolve(import.meta.dirname, '../../../docs/api-guide.md'), 'utf8'));

/** Where there is no curl of 7.82 or newer, which has --json, the guide is not tried. */
const noCurl =
  process.env['GUTS_REQUIRE_TOOLS'] !== '1' && spawnSync('curl', ['--json', '{}', '--version']).status !== 0;

let folder: string;
let vcenter: VCenter;
let cloud: Cloud;
let daemon: Daemon;
/** What the guide lets its reader set, and what its answers gave. */
let variables: Record<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guts-guide-'));
  const file = join(folder, 'guest.raw');
  await guestDisk(file, 'web');
  const second = { nics: [{ mac: '00:50:56:00:00:02', network: 'VM Network' }] };
  vcenter = await startVCenter({
    stateDir: join(folder, 'vcenter'),
    taskMs: 5,
    shutdownMs: 20,
    machines: [
      smallMachine(file, 'web-01'),
      smallMachine(file, 'web-02', second),
      smallMachine(file, 'huge', { memoryMiB: 4 * 2 ** 20 }),
    ],
  });
  cloud = await startCloud({ stateDir: join(folder, 'cloud') });
  const user = cloud.users.find((one) => one.name === 'demo');
  if (!user) throw new Error('the fake cloud has no user demo');
  daemon = await startAll(await freePort(), [], { GUTS_STATE_DIR: join(folder, 'guts') });
  variables = {
    GUTS: daemon.url,
    TOKEN: (await readFile(join(folder, 'guts/token'), 'utf8')).trim(),
    VCENTER: vcenter.url,
    VCENTER_USER: vcenter.username,
    VCENTER_PASSWORD: vcenter.password,
    FINGERPRINT: vcenter.fingerprintSha256,
    KEYSTONE: cloud.authUrl,
    CLOUD_USER: user.name,
    CLOUD_PASSWORD: user.password,
    CLOUD_PROJECT: user.project,
  };
}, 60_000);
afterAll(async () => {
  await daemon.stop();
  await cloud.close();
  await vcenter.close();
  await rm(folder, { recursive: true, force: true });
});

/** What is only looked at may be asked for until it is there. */
const onlyLooks = ({ command }: Example): boolean => !command.includes('--json') && !command.includes('-N');

describe.skipIf(noCurl)('docs/api-guide.md', { timeout: 60_000 }, () => {
  let failed = false;
  test.for(examples)('line $line', async (example, { skip, onTestFailed }) => {
    skip(failed, 'one before it failed, whose answer it needs');
    onTestFailed(() => void (failed = true));
    const { answer } = example;
    const look = async (): Promise<void> => {
      const { out, err } = await run(example, variables);
      // Nothing at all: curl says why.
      expect(out === '' ? err : differs(answer ?? 'HTTP/1.1 200', out, variables)).toBeNull();
    };
    if (onlyLooks(example)) await vi.waitFor(look, { timeout: 40_000, interval: 300 });
    else await look();
  });
});
