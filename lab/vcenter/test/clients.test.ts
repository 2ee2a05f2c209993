/** VMware's own clients must understand the fake. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startVCenter, type VCenter } from '../src/index.ts';

const MIB = 1024 * 1024;
const run = promisify(execFile);
const required = process.env['GUTS_REQUIRE_TOOLS'] === '1';
const python = process.env['PYVMOMI_PYTHON'] ?? '/usr/bin/python3';
const govc = process.env['GOVC'] ?? 'govc';

function works(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const hasPyvmomi = works(python, ['-c', 'import pyVmomi']);
const hasGovc = works(govc, ['version']);
const hasQemuImg = works('qemu-img', ['--version']);

let vc: VCenter;
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fake-vcenter-clients-'));
  vc = await startVCenter({
    machines: [
      {
        name: 'alpha',
        cpus: 2,
        memoryMiB: 1024,
        disks: [
          { sizeBytes: 6 * MIB, source: { pattern: 11, dataExtents: [{ offset: MIB, length: 2 * MIB }] } },
          { sizeBytes: MIB, controller: 'nvme' },
          { sizeBytes: MIB, controller: 'ahci', datastore: 'nfs1' },
          { sizeBytes: MIB, controller: 'ide' },
          { sizeBytes: MIB, controller: 'lsilogic' },
        ],
        nics: [
          { mac: '00:50:56:00:00:0a', network: 'VM Network', ip: '192.0.2.10' },
          { mac: '00:50:56:00:00:0b', network: 'dvpg-prod', type: 'e1000' },
        ],
      },
      { name: 'beta ü/2', powerState: 'poweredOn', folder: ['team', 'db'], nics: [] },
    ],
    extraMachines: 3,
  });
});
afterAll(async () => {
  await vc.close();
  await rm(dir, { recursive: true });
});

describe.skipIf(!hasPyvmomi && !required)(`pyvmomi (skipped when ${python} cannot import pyVmomi)`, () => {
  test('reads the inventory, takes a snapshot, downloads an export', async () => {
    const output = join(dir, 'alpha.vmdk');
    const url = new URL(vc.url);
    const script = join(import.meta.dirname, 'clients', 'pyvmomi_proof.py');
    const text = await withInput(
      python,
      [script, url.hostname, url.port, vc.username, 'alpha', output],
      vc.password,
    );
    const result = JSON.parse(text) as Record<string, unknown>;
    expect(result).toMatchObject({
      about: '8.0.2.0',
      machines: [
        ['alpha', 'poweredOff'],
        ['beta ü%2f2', 'poweredOn'],
        ['extra-00001', 'poweredOff'],
        ['extra-00002', 'poweredOff'],
        ['extra-00003', 'poweredOff'],
      ],
      macs: ['00:50:56:00:00:0a', '00:50:56:00:00:0b'],
      capacity: 6 * MIB,
      areas: [[MIB, 2 * MIB]],
      tree: ['proof'],
      after: true,
      refused: 'poweredOff',
      datastores: ['VMFS', 'NFS'],
      lease: 'done',
    });
    expect(result['changeId']).toMatch(/\/\d+$/);
    expect(result['controllers']).toContain('vim.vm.device.VirtualNVMEController');
    if (!hasQemuImg && !required) return;
    await run('qemu-img', ['convert', '-f', 'vmdk', '-O', 'raw', output, `${output}.raw`]);
    const back = await readFile(`${output}.raw`);
    expect(back.equals(await readFile(vc.machine('alpha').disks[0]!.path))).toBe(true);
  });
});

describe.skipIf(!hasGovc && !required)(`govc (skipped when "${govc}" does not run)`, () => {
  const call = async (...args: string[]): Promise<string> => {
    const { stdout } = await run(govc, args, {
      env: {
        PATH: process.env['PATH'],
        HOME: dir,
        GOVC_URL: `${vc.url}/sdk`,
        GOVC_USERNAME: vc.username,
        GOVC_PASSWORD: vc.password,
        GOVC_INSECURE: '1',
        GOVC_PERSIST_SESSION: 'false',
      },
    });
    return stdout;
  };

  test('lists and finds machines', async () => {
    expect((await call('ls', '/DC0/vm')).trim().split('\n')).toEqual([
      '/DC0/vm/alpha',
      '/DC0/vm/team',
      '/DC0/vm/batch-0',
    ]);
    const found = await call('find', '/', '-type', 'm', '-runtime.powerState', 'poweredOn');
    expect(found.trim()).toMatch(/team\/db\/beta/);
    const info = await call('vm.info', '-json', 'alpha');
    expect(info).toContain('VirtualDisk');
    expect(await call('vm.info', 'alpha')).toMatch(/Memory:\s+1024MB/);
  });

  test('takes and removes a snapshot', async () => {
    await call('snapshot.create', '-vm', 'alpha', 'by-govc');
    expect(await call('snapshot.tree', '-vm', 'alpha')).toContain('by-govc');
    expect(vc.machine('alpha').snapshots).toHaveLength(1);
    await call('snapshot.remove', '-vm', 'alpha', 'by-govc');
    expect(vc.machine('alpha').snapshots).toEqual([]);
  });

  test('exports a machine, byte for byte', async () => {
    await call('export.ovf', '-vm', 'alpha', dir);
    const vmdk = join(dir, 'alpha', 'alpha-disk-0.vmdk');
    expect(vc.machine('alpha').exporting).toBe(false);
    expect((await readFile(vmdk)).toString('latin1', 0, 4)).toBe('KDMV');
    if (!hasQemuImg && !required) return;
    await run('qemu-img', ['convert', '-f', 'vmdk', '-O', 'raw', vmdk, `${vmdk}.raw`]);
    expect((await readFile(`${vmdk}.raw`)).equals(await readFile(vc.machine('alpha').disks[0]!.path))).toBe(
      true,
    );
  });

  test('describes datastores and sessions', async () => {
    expect(await call('datastore.info', 'vmfs1')).toMatch(/Capacity:\s+1024\.0 GB/);
    expect(await call('session.ls')).toContain(vc.username);
  });

  test('switches power and leaves no session', async () => {
    await call('vm.power', '-on', 'alpha');
    expect(vc.machine('alpha').powerState).toBe('poweredOn');
    await call('vm.power', '-off', 'alpha');
    expect(vc.sessions).toBe(0);
  });
});

/** Runs a program with a line on its standard input. */
function withInput(command: string, args: readonly string[], line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let out = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve(out) : reject(new Error(`exit ${code}: ${errors}`))));
    child.stdin.end(`${line}\n`);
  });
}
