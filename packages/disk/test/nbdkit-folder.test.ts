import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { cleanNbdkitFolders } from '../src/index.ts';
import { ServerFolder } from '../src/nbdkit/folder.ts';

let runDir: string;
beforeEach(() => {
  runDir = mkdtempSync(join(tmpdir(), 'guts-nbdkit-'));
  onTestFinished(() => rmSync(runDir, { recursive: true }));
});

const clean = (): Promise<number> => cleanNbdkitFolders(runDir, Date.now());

interface Owner {
  host: string;
  pid: number;
  began: string;
}

/** A folder with a secret in it, as a worker leaves it that is killed while a server starts. */
async function left(change: (owner: Owner) => void = () => undefined): Promise<string> {
  const folder = await ServerFolder.make(runDir);
  await folder.putSecret('secret');
  const file = join(folder.path, 'owner.json');
  const owner = JSON.parse(readFileSync(file, 'utf8')) as Owner;
  change(owner);
  writeFileSync(file, JSON.stringify(owner));
  return folder.path;
}

/** Its number is free again, or soon somebody else's. */
const deadPid = (): number => spawnSync('true').pid;

test('what this very process has is left alone', async () => {
  const path = await left();
  expect(await clean()).toBe(0);
  expect(existsSync(path)).toBe(true);
});

test('what a dead worker left is taken away, its secret too', async () => {
  await left((owner) => (owner.pid = deadPid()));
  expect(await clean()).toBe(1);
  expect(readdirSync(runDir)).toEqual([]);
});

test('a worker that began later and has the number of a dead one is another', async () => {
  await left((owner) => (owner.began = '1'));
  expect(await clean()).toBe(1);
});

test("another host's is left alone", async () => {
  await left((owner) => Object.assign(owner, { host: 'elsewhere', pid: deadPid() }));
  expect(await clean()).toBe(0);
});

test('one without a readable owner is left alone while it is young: it is being made', async () => {
  const path = join(runDir, 'disk-000000');
  mkdirSync(path);
  expect(await clean()).toBe(0);
  const old = new Date(Date.now() - 3_600_000);
  utimesSync(path, old, old);
  expect(await clean()).toBe(1);
});

test('what is no folder of ours is left alone, and no folder at all is no failure', async () => {
  mkdirSync(join(runDir, 'mine'));
  expect(await clean()).toBe(0);
  expect(await cleanNbdkitFolders(join(runDir, 'nowhere'), Date.now())).toBe(0);
});

test('a server that outlived its worker is killed, and only if it is that very process', async () => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  const path = await left((owner) => (owner.pid = deadPid()));
  writeFileSync(join(path, 'server.json'), JSON.stringify({ pid, began: '1' }));
  await clean();
  expect(child.signalCode).toBeNull();

  const folder = await ServerFolder.make(runDir);
  await folder.noteServer(pid);
  const file = join(folder.path, 'owner.json');
  writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, 'utf8')) as Owner), began: '1' }));
  const ended = once(child, 'exit');
  expect(await clean()).toBe(1);
  expect(await ended).toEqual([null, 'SIGKILL']);
});
