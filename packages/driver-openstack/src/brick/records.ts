import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BrickConnection, DeviceInfo } from './brick.ts';

/** Which process connected a volume: by its id and the time that it began at, for ids are used again. */
export interface Owner {
  readonly pid: number;
  readonly began: string;
}

/** A volume that is, or may be, a device of this host. Holds no secret. */
export interface BrickRecord {
  readonly attachmentId: string;
  readonly connection: BrickConnection;
  /** Null: it was about to be connected. */
  readonly device: DeviceInfo | null;
  readonly owner: Owner;
}

const SECRET = /password|secret|keyring|token/i;

/** Without what is secret: disconnecting needs none of it. */
export function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key, one]) => !(SECRET.test(key) && typeof one === 'string'));
  return Object.fromEntries(kept.map(([key, one]) => [key, withoutSecrets(one)]));
}

/** Field 22 of /proc/PID/stat (proc(5)), after the name, which may hold anything; null: there is no such process. */
export async function beganAt(pid: number): Promise<string | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

/** Records of this host, one file each, for whoever comes after. */
export class BrickRecords {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Survives a crash of the host once it resolves. */
  async put(record: BrickRecord): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const path = this.#path(record.attachmentId);
    const file = await open(`${path}.new`, 'w', 0o600);
    try {
      await file.writeFile(JSON.stringify(record));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
    const folder = await open(dirname(path), 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  async get(attachmentId: string): Promise<BrickRecord | null> {
    try {
      return JSON.parse(await readFile(this.#path(attachmentId), 'utf8')) as BrickRecord;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  drop(attachmentId: string): Promise<void> {
    return rm(this.#path(attachmentId), { force: true });
  }

  /** Those whose process is no more. */
  async orphans(): Promise<readonly BrickRecord[]> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const found: BrickRecord[] = [];
    for (const name of await readdir(this.#folder)) {
      const record = name.endsWith('.json') ? await this.get(name.slice(0, -'.json'.length)) : null;
      if (record && (await beganAt(record.owner.pid)) !== record.owner.began) found.push(record);
    }
    return found;
  }

  #path(attachmentId: string): string {
    if (!/^[\w-]+$/.test(attachmentId)) throw new TypeError(`${attachmentId} is no id of an attachment`);
    return join(this.#folder, `${attachmentId}.json`);
  }
}
