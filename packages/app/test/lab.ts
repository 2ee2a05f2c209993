import { type ChildProcess, spawn } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cloud, startCloud } from '@guts/lab-cloud';
import { type MachineSpec, startVCenter, type VCenter } from '@guts/lab-vcenter';
import { afterAll, afterEach, beforeAll, inject } from 'vitest';

const MIB = 2 ** 20;

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the command line as a user does: a process of its own. @param input what it reads */
export function guts(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  input = '',
): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [inject('guts'), ...args], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // One that does not read may be gone already.
  child.stdin.on('error', () => undefined).end(input);
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString('utf8')));
  const ended = new Promise<Ended>((done, fail) => {
    child.once('error', fail);
    child.once('close', (code) => done({ code, out, err }));
  });
  return { child, ended };
}

/** The front of a disk that the fake cloud boots. */
export async function guestDisk(path: string, id: string): Promise<void> {
  const disk = Buffer.alloc(4 * MIB);
  disk.writeUInt16LE(0xaa55, 510);
  disk.write(`\nGUTS-FAKE-GUEST id=${id}\n`, 4096);
  randomFillSync(disk, 2 * MIB, 300_000);
  await writeFile(path, disk);
}

/** A machine that runs, with one disk, which a file holds. @param more what differs */
export function smallMachine(file: string, name: string, more: Partial<MachineSpec> = {}): MachineSpec {
  return {
    name,
    cpus: 1,
    memoryMiB: 192,
    guestId: 'debian12_64Guest',
    powerState: 'poweredOn',
    toolsRunning: true,
    disks: [{ sizeBytes: 4 * MIB, source: { file }, controller: 'pvscsi' }],
    nics: [{ mac: '00:50:56:00:00:01', network: 'VM Network' }],
    ...more,
  };
}

/** 80 characters, which is as long as vCenter lets a name be; OpenStack takes 255. */
export const ODD_NAME = `${'"Ünï/cödé" 100% \\ 東京 '.repeat(10)}end`.slice(0, 80);
export const LONG_NAME = ODD_NAME.repeat(3).slice(0, 200);

/** In the subnet of `private`, outside of its pool. */
export const ADDRESS = '192.168.77.2';

/** What {@link Lab.left} tells of an empty cloud. */
export const NOTHING = { ports: 0, images: 0, volumes: 0, servers: 0 };

/** Both fakes, with a machine for every bad day. */
export class Lab {
  readonly folder: string;
  readonly vcenter: VCenter;
  readonly cloud: Cloud;
  #runs = 0;

  private constructor(folder: string, vcenter: VCenter, cloud: Cloud) {
    this.folder = folder;
    this.vcenter = vcenter;
    this.cloud = cloud;
  }

  static async open(): Promise<Lab> {
    const folder = await mkdtemp(join(tmpdir(), 'guts-app-'));
    const file = join(folder, 'guest.raw');
    await guestDisk(file, 'web');
    const machine = (name: string, more?: Partial<MachineSpec>) => smallMachine(file, name, more);
    const vcenter = await startVCenter({
      stateDir: join(folder, 'vcenter'),
      taskMs: 5,
      shutdownMs: 20,
      machines: [
        machine('web'),
        machine('twin', { folder: ['a'] }),
        machine('twin', { folder: ['b'] }),
        machine('huge', { memoryMiB: 4 * 2 ** 20 }),
        machine('stubborn', { shutdownBehaviour: 'never' }),
        machine(ODD_NAME),
        machine('addressed', {
          nics: [{ mac: '00:50:56:00:00:02', network: 'VM Network', ip: ADDRESS }],
          disks: [
            { sizeBytes: 4 * MIB, source: { file }, controller: 'pvscsi' },
            { sizeBytes: MIB, source: { pattern: 1 }, controller: 'pvscsi' },
          ],
        }),
        machine('hollow', {
          disks: [
            { sizeBytes: 4 * MIB, source: { file }, controller: 'pvscsi' },
            { sizeBytes: 0, controller: 'pvscsi' },
          ],
        }),
      ],
    });
    const cloud = await startCloud({
      stateDir: join(folder, 'cloud'),
      users: [
        { name: 'admin', project: 'admin', roles: ['admin'], alsoIn: ['demo'] },
        { name: 'demo', project: 'demo', roles: ['member'] },
      ],
    });
    await cloud.writeCloudsYaml(join(folder, 'clouds.yaml'));
    return new Lab(folder, vcenter, cloud);
  }

  get env(): NodeJS.ProcessEnv {
    this.#runs += 1;
    return {
      OS_CLIENT_CONFIG_FILE: join(this.folder, 'clouds.yaml'),
      GUTS_SOURCE_PASSWORD: this.vcenter.password,
      GUTS_STATE_DIR: join(this.folder, `state-${this.#runs}`),
      GUTS_RETRY_SECONDS: '2',
    };
  }

  /** `guts migrate` with what every run needs. */
  migrate(instance: string, more: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
    return this.start(instance, more, env).ended;
  }

  start(
    instance: string,
    more: readonly string[] = [],
    env: NodeJS.ProcessEnv = {},
  ): ReturnType<typeof guts> {
    const source = ['--source', this.vcenter.url, '--fingerprint', this.vcenter.fingerprintSha256];
    const target = ['--cloud', 'fake-demo', '--network', 'private'];
    return guts(['migrate', ...source, ...target, '--instance', instance, ...more], { ...this.env, ...env });
  }

  /** What lies in the cloud. */
  left(): Record<string, number> {
    const { ports, images, volumes, servers } = this.cloud;
    return { ports: ports.size, images: images.size, volumes: volumes.size, servers: servers.size };
  }

  /** Empties the cloud and takes all faults back, of both ends. */
  clear(): void {
    const { ports, images, volumes, servers, faults } = this.cloud;
    for (const map of [ports, images, volumes, servers]) (map as Map<string, unknown>).clear();
    faults.clear();
    this.vcenter.faults.clear();
  }

  async close(): Promise<void> {
    await this.cloud.close();
    await this.vcenter.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Gives the tests of a file one lab, which is emptied after each of them. */
export function useLab(take: (lab: Lab) => void): void {
  let lab: Lab | null = null;
  beforeAll(async () => {
    lab = await Lab.open();
    take(lab);
  }, 30_000);
  afterEach(() => lab?.clear());
  afterAll(() => lab?.close());
}
