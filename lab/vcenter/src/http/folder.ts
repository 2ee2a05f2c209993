import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from '../disk/disk.ts';
import type { Machine } from '../model/machine.ts';
import { linkPath, type MachineDisk } from '../model/machine-disk.ts';
import { plainName } from '../model/names.ts';
import type { Vim } from '../vim.ts';
import { readAhead } from './piece-memory.ts';
import { pour, type Shape } from './pour.ts';

interface Target {
  readonly size: number;
  readonly locked: boolean;
  read(offset: number, length: number, into: Buffer): Promise<Buffer>;
}

/** GET and HEAD of /folder/<path>?dcPath=&dsName=, with ranges; cookie or Basic authentication. */
export async function answerFolder(
  vim: Vim,
  url: URL,
  request: IncomingMessage,
  reply: ServerResponse,
  shape: Shape,
): Promise<void> {
  if (!authorized(vim, request)) {
    return void reply.writeHead(401, { 'www-authenticate': 'Basic realm="VMware HTTP server"' }).end();
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') return void reply.writeHead(405).end();
  const target = resolve(vim, url);
  if (target === undefined) return void reply.writeHead(404).end();
  if (target.locked) return void reply.writeHead(500).end('Failed to lock the file');
  const range = vim.settings.ignoreRange ? undefined : rangeOf(request.headers.range, target.size);
  if (range === 'unsatisfiable') {
    return void reply.writeHead(416, { 'content-range': `bytes */${target.size}` }).end();
  }
  const [start, end] = range ?? [0, target.size];
  reply.writeHead(range === undefined ? 200 : 206, {
    'content-type': 'application/octet-stream',
    'accept-ranges': 'bytes',
    'content-length': end - start,
    ...(range === undefined ? {} : { 'content-range': `bytes ${start}-${end - 1}/${target.size}` }),
  });
  if (request.method === 'HEAD') return void reply.end();
  const read = async (at: number, into: Buffer): Promise<Buffer> => {
    const length = Math.min(into.length, end - at);
    return target.read(at, length, into.subarray(0, length));
  };
  await pour(readAhead(read, start, vim.pieces.lend(reply)), reply, shape);
}

function authorized(vim: Vim, request: IncomingMessage): boolean {
  if (vim.sessions.find(request.headers.cookie) !== undefined) return true;
  const basic = /^Basic (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (basic === undefined) return false;
  const text = Buffer.from(basic, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return vim.sessions.credentialsMatch(text.slice(0, colon), text.slice(colon + 1));
}

function resolve(vim: Vim, url: URL): Target | undefined {
  if (plainName(url.searchParams.get('dcPath') ?? '') !== vim.world.datacenterName) return undefined;
  const store = plainName(url.searchParams.get('dsName') ?? '');
  const path = decodeURIComponent(url.pathname).replace(/^\/folder\//, '');
  for (const machine of vim.machines.values()) {
    if (!path.startsWith(`${machine.directory}/`)) continue;
    for (const disk of machine.disks) {
      if (disk.datastore !== store) continue;
      if (path === machine.currentPath(disk) || machine.parentPaths(disk).includes(path)) {
        return inMemory(descriptor(machine, disk, path));
      }
      if (path === disk.basePath.replace(/\.vmdk$/, '-flat.vmdk')) return flat(machine, disk);
    }
  }
  return undefined;
}

/** The base link's bytes: with snapshots, what the oldest of them froze. */
function flat(machine: Machine, disk: MachineDisk): Target {
  const oldest = machine.snapshots.find((s) => s.parent === undefined)?.disks.find((d) => d.key === disk.key);
  const readable: Readable = oldest?.view ?? disk.disk;
  return {
    size: readable.size,
    locked: machine.power !== 'poweredOff' || machine.lease !== undefined,
    read: (...range) => readable.read(...range),
  };
}

function inMemory(text: string): Target {
  const bytes = Buffer.from(text, 'utf8');
  return {
    size: bytes.length,
    locked: false,
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
  };
}

function descriptor(machine: Machine, disk: MachineDisk, path: string): string {
  const sectors = disk.disk.size / 512;
  const isBase = path === linkPath(disk.basePath, 0);
  const extent = (path.split('/').at(-1) ?? '').replace(/\.vmdk$/, isBase ? '-flat.vmdk' : '-sesparse.vmdk');
  return [
    '# Disk DescriptorFile',
    'version=4',
    'encoding="UTF-8"',
    `CID=${machine.contentIdOf(disk, path)}`,
    `parentCID=${isBase ? 'ffffffff' : machine.contentIdOf(disk, parentOf(machine, disk, path))}`,
    `createType="${isBase ? 'vmfs' : 'seSparse'}"`,
    '',
    '# Extent description',
    `RW ${sectors} ${isBase ? 'VMFS' : 'SESPARSE'} "${extent}"`,
    '',
    '# The Disk Data Base',
    '#DDB',
    'ddb.adapterType = "lsilogic"',
    `ddb.uuid = "${disk.uuid}"`,
    ...(disk.spec.thin === false ? [] : ['ddb.thinProvisioned = "1"']),
    'ddb.virtualHWVersion = "19"',
    '',
  ].join('\n');
}

/** The path of the link below one. */
function parentOf(machine: Machine, disk: MachineDisk, path: string): string | undefined {
  const chain = [machine.currentPath(disk), ...machine.parentPaths(disk)];
  return chain[chain.indexOf(path) + 1];
}

function rangeOf(
  header: string | undefined,
  size: number,
): readonly [number, number] | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (match === null || (match[1] === '' && match[2] === '')) return undefined;
  if (match[1] === '') return [Math.max(0, size - Number(match[2])), size];
  const start = Number(match[1]);
  const end = match[2] === '' ? size : Math.min(size, Number(match[2]) + 1);
  return start >= size || start >= end ? 'unsatisfiable' : [start, end];
}
