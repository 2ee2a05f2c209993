/** Stands for guts-api: hands out the built dashboard, and tells of many migrations and machines, as fast as asked. */
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Disk, Event, Instance, Migration } from '@guts/contract';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};
const GIB = 2 ** 30;
const STEPS = ['preflight', 'reserve', 'transfer', 'verify-data', 'provision'] as const;
/** Events of one burst come together. */
const BURST_MS = 50;

export interface Load {
  readonly migrations: number;
  readonly instances: number;
  readonly eventsPerSecond: number;
}
export interface Server {
  readonly url: string;
  /** Events that were sent so far. */
  readonly sent: () => number;
  close(): Promise<void>;
}

function migration(at: number): Migration {
  const now = new Date(Date.now() - at).toISOString();
  return {
    id: `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`,
    name: `machine-${String(at).padStart(4, '0')}`,
    source_id: 's',
    destination_id: 'd',
    plan_id: null,
    instance_ref: `vm-${at}`,
    instance_name: `machine-${at}`,
    target_project: null,
    mode: 'cold',
    purpose: 'production',
    priority: 0,
    status: 'running',
    phase: 'copy',
    step: 'transfer',
    reason: null,
    error: null,
    request: null,
    demand: { host: 'host-1', datastores: ['ds-1'], streams: 2, bytes: 100 * GIB, scratch_bytes: 0 },
    trace: null,
    queued_at: now,
    cancel_requested: false,
    actions: ['cancel'],
    worker_id: 'w',
    spec: { transport: 'auto', bootFrom: 'image', mapping: { networks: { '*': { network: 'private' } } } },
    created_at: now,
    updated_at: now,
    started_at: now,
    finished_at: null,
  };
}

function disks(at: number, tick: number): Disk[] {
  return [2000, 2001].map((key, index) => ({
    key: String(key),
    object_id: `${at}-${key}`,
    label: `Hard disk ${index + 1}`,
    capacity_bytes: 50 * GIB,
    bytes_done: (tick * 2 ** 26 + at * 2 ** 24) % (50 * GIB),
    bytes_total: 50 * GIB,
    bytes_read: 0,
    bytes_written: 0,
    bytes_per_second: 2 ** 26 + at,
    eta_seconds: 600,
    state: 'copying',
  }));
}

function instance(at: number): Partial<Instance> {
  const name = `machine-${String(at).padStart(5, '0')}`;
  return {
    ref: `vm-${at}`,
    name,
    path: `DC0/vm/Production/${name}`,
    power_state: at % 3 === 0 ? 'off' : 'on',
    cpus: 2,
    memory_mib: 4096,
    os_type: 'linux',
    guest_name: 'Debian GNU/Linux 12 (64-bit)',
    host_name: `esx-${at % 40}`,
    disks: [],
    nics: [],
  };
}

/** @param folder the built dashboard */
export async function startServer(folder: string, load: Load): Promise<Server> {
  const files = new Map(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => extname(name) !== '')
      .map((name) => {
        const bytes = readFileSync(join(folder, name));
        return [
          name,
          { bytes: gzipSync(bytes), type: TYPES[extname(name)] ?? 'application/octet-stream' },
        ] as const;
      }),
  );
  const all = new Map(Array.from({ length: load.migrations }, (_, at) => [at, migration(at)]));
  const instances = Array.from({ length: load.instances }, (_, at) => instance(at));
  const listeners = new Set<ServerResponse>();
  let sequence = 0;
  let tick = 0;

  const burst = setInterval(() => {
    if (listeners.size === 0) return;
    let text = '';
    for (let one = 0; one < (load.eventsPerSecond * BURST_MS) / 1000; one += 1) {
      sequence += 1;
      const at = (sequence * 7919) % load.migrations;
      const step = STEPS[Math.floor(sequence / load.migrations) % STEPS.length] ?? 'transfer';
      const now = new Date().toISOString();
      const before = all.get(at);
      if (before) all.set(at, { ...before, step, updated_at: now });
      const event: Event = {
        sequence,
        resource: 'migration',
        resource_id: before?.id ?? '',
        type: 'migration.status',
        severity: 'information',
        message: `running: ${step}`,
        data: { status: 'running', phase: 'copy', step },
        at: now,
      };
      text += `id: ${sequence}\ndata: ${JSON.stringify(event)}\n\n`;
    }
    for (const listener of listeners) listener.write(text);
  }, BURST_MS);
  const progress = setInterval(() => {
    tick += 1;
    const moved = Object.fromEntries([...all].map(([at, { id }]) => [id, disks(at, tick)]));
    for (const listener of listeners)
      listener.write(`event: progress\ndata: ${JSON.stringify({ migrations: moved })}\n\n`);
  }, 1000);

  function page<T>(
    items: readonly T[],
    query: URLSearchParams,
  ): { items: readonly T[]; next: string | null } {
    const from = Number(query.get('marker') ?? 0);
    const limit = Number(query.get('limit') ?? 100);
    const next = from + limit < items.length ? `/v1/x?marker=${from + limit}` : null;
    return { items: items.slice(from, from + limit), next };
  }

  function answerOf(path: string, query: URLSearchParams): unknown {
    const [, id = ''] = /^\/v1\/migrations\/([^/]+)\/disks$/.exec(path) ?? [];
    if (id !== '') return { disks: disks(Number(id.slice(-12)), tick) };
    if (path === '/dashboard/session') {
      const session = {
        user_id: 'u',
        user_name: 'bench',
        project_id: 'p',
        project_name: 'bench',
        roles: ['member'],
      };
      return {
        login: ['link'],
        session: { ...session, expires_at: '2099-01-01T00:00:00Z', csrf_token: 'c' },
      };
    }
    if (path === '/v1/me') {
      const rules = [
        'migrations:list',
        'migrations:act',
        'migrations:create',
        'inventory:instances',
        'sources:list',
      ];
      return {
        user_id: 'u',
        project_id: 'p',
        roles: ['member'],
        system: false,
        allowed: rules.map((rule) => `migration:${rule}`),
      };
    }
    if (path === '/v1/migrations') {
      const since = query.get('updated_since') ?? '';
      const { items, next } = page(
        [...all.values()].filter(({ updated_at: at }) => at >= since),
        query,
      );
      return { migrations: items, links: { next } };
    }
    if (path === '/v1/events') return { events: [], links: { next: null } };
    if (path === '/v1/sources')
      return {
        sources: [{ id: 's', name: 'vcenter', status: 'valid', refreshed_at: new Date().toISOString() }],
        links: { next: null },
      };
    if (path === '/v1/instances') {
      const { items, next } = page(instances, query);
      return { instances: items, links: { next } };
    }
    const [, key] = /^\/v1\/(hosts|datastores|networks)$/.exec(path) ?? [];
    return key === undefined ? null : { [key]: [], links: { next: null } };
  }

  function serve(request: IncomingMessage, response: ServerResponse): void {
    const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'http://bench');
    if (path === '/v1/events/stream') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': bench\n\n');
      listeners.add(response);
      response.once('close', () => listeners.delete(response));
      return;
    }
    const answer = answerOf(path, query);
    if (answer !== null) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
      return;
    }
    const file = files.get(path.replace('/dashboard/', '')) ?? files.get('index.html');
    response
      .writeHead(200, { 'content-type': file?.type ?? '', 'content-encoding': 'gzip' })
      .end(file?.bytes);
  }

  const server = createServer(serve);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent: () => sequence,
    close: () => {
      clearInterval(burst);
      clearInterval(progress);
      server.closeAllConnections();
      return new Promise((done) => server.close(() => done()));
    },
  };
}
