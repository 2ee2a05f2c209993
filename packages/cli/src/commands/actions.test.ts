import { describe, expect, test } from 'vitest';
import { type Answerer, guts, refusal } from '../../test/rig.ts';
import { type Ask, UsageError } from '../context.ts';

const ID = '3f2a9c1e-0000-4000-8000-000000000001';

describe('guts migration', () => {
  const migration = { id: ID, status: 'reverting' };
  test.for(['cancel', 'retry', 'commit'] as const)('%s asks for just that', async (action) => {
    const { calls } = await guts(['migration', action, ID], () => ({ migration }));
    expect(calls).toEqual([{ line: `POST /v1/migrations/${ID}/actions`, body: { action } }]);
  });
  test('revert parks the target unless told otherwise', async () => {
    const { calls } = await guts(['migration', 'revert', ID, '--yes'], () => ({ migration }));
    expect(calls[0]?.body).toEqual({ action: 'revert', confirm: true, target: 'park' });
    const removing = ['migration', 'revert', ID, '--yes', '--target', 'remove'];
    expect((await guts(removing, () => ({ migration }))).calls[0]?.body).toMatchObject({ target: 'remove' });
  });
  test('revert asks a person, who may say no', async () => {
    const questions: string[] = [];
    const say =
      (answer: string): Ask =>
      (question) => {
        questions.push(question);
        return Promise.resolve(answer);
      };
    const no = await guts(['migration', 'revert', ID], () => ({ migration }), say(''));
    expect([no.calls, no.exit]).toEqual([[], 1]);
    const yes = await guts(['migration', 'revert', ID], () => ({ migration }), say('y'));
    expect(yes.calls).toHaveLength(1);
    expect(questions[0]).toMatch(/written on the target since cutover is lost.*stopped, locked and kept/);
  });
  test('revert without anybody to ask is a mistake in the command line, and says what would be lost', async () => {
    const run = guts(['migration', 'revert', ID], () => ({ migration }));
    await expect(run).rejects.toThrow(UsageError);
    await expect(run).rejects.toThrow(/since cutover is lost.*Say --yes/s);
  });
  test('show tells why it waits', async () => {
    const trace = {
      filters: [
        { name: 'AliveFilter', left: 2, reason: null },
        { name: 'CapacityFilter', left: 0, reason: 'all slots are taken' },
      ],
      weights: [{ worker_id: 'w2', weight: 0.123456 }],
      limit: { resource: 'host esx1 streams', used: 10, wanted: 4, limit: 10 },
    };
    const shown = {
      id: ID,
      status: 'queued',
      worker_id: null,
      reason: 'no worker has a free slot',
      queued_at: '2026-01-01T00:00:00.000Z',
      trace,
    };
    const { out } = await guts(['migration', 'show', ID], () => ({ migration: shown }));
    expect(out.split('\n').slice(-6)).toEqual([
      'waits: no worker has a free slot (since 2026-01-01T00:00:00.000Z)',
      '  AliveFilter     2 workers left',
      '  CapacityFilter  0 workers left: all slots are taken',
      '  no room: host esx1 streams: 10 of 10 taken, 4 wanted',
      '  best workers: w2 (0.123)',
      '',
    ]);
    const { out: json } = await guts(['--json', 'migration', 'show', ID], () => ({ migration: shown }));
    expect(JSON.parse(json)).toMatchObject({ trace });
  });
});

describe('guts service', () => {
  const service = { id: 'w1', binary: 'guts-migration', disabled: true, drivers: [] };
  const services = [service, { ...service, id: 'w2' }];
  const answer: Answerer = (method) => (method === 'GET' ? { services } : { service });
  test('disable needs a reason, and drains when told', async () => {
    await expect(guts(['service', 'disable', 'w1'], answer)).rejects.toThrow(/--reason/);
    const { calls } = await guts(['service', 'disable', 'w1', '--reason', 'new disk', '--drain'], answer);
    expect(calls.slice(1)).toEqual([
      { line: 'PATCH /v1/services/w1', body: { disabled: true, reason: 'new disk', drain: true } },
    ]);
    const enabled = await guts(['service', 'enable', 'w1'], answer);
    expect(enabled.calls[1]?.body).toEqual({ disabled: false });
  });
  test('forget drops records of the dead, one by one', async () => {
    const { calls } = await guts(['service', 'forget', 'w1', 'w2'], (method) =>
      method === 'GET' ? { services } : new Response(null, { status: 204 }),
    );
    const lines = calls.map(({ line }) => line).filter((line) => line.startsWith('DELETE'));
    expect(lines).toEqual(['DELETE /v1/services/w1', 'DELETE /v1/services/w2']);
  });
  test('list shows state and slots', async () => {
    const worker = {
      id: 'w1',
      binary: 'guts-migration',
      host: 'h1',
      version: '1',
      alive: true,
      disabled: true,
      draining: true,
      disabled_reason: 'new disk',
      slots: 4,
      slots_used: 3,
      scratch_bytes: 2 ** 30,
      bytes_per_second_limit: 50 * 2 ** 20,
      heartbeat_at: 'now',
      drivers: [],
    };
    const { out } = await guts(['service', 'list'], () => ({ services: [worker] }));
    expect(out).toMatch(/draining: new disk +\| 3 of 4 +\| 1\.0 GiB \| 50\.0 MiB\/s/);
  });
  test.for([
    ['50', 50 * 2 ** 20],
    ['0.5', 2 ** 19],
    ['none', null],
  ] as const)('limit takes MiB per second or none: %s', async ([given, bytes]) => {
    const { calls } = await guts(['service', 'limit', 'w1', '--bandwidth', given], answer);
    expect(calls.at(-1)).toEqual({
      line: 'PATCH /v1/services/w1',
      body: { bytes_per_second_limit: bytes },
    });
  });
  test.for(['0', '-1', '50MB', '1e3', ''])('limit refuses %j', async (given) => {
    await expect(guts(['service', 'limit', 'w1', '--bandwidth', given], answer)).rejects.toThrow(/or none/);
  });
  test('health says what is wrong and what to do', async () => {
    const report = {
      status: 'degraded',
      version: '1',
      problems: [{ message: 'the message bus is away', remedy: 'See whether the broker runs.' }],
      database: { latency_ms: 1.5, pending: [], ahead: [] },
      bus: {
        kind: 'rabbitmq',
        connected: false,
        since: 'noon',
        detail: 'refused',
        outbox_pending: 3,
        outbox_oldest_seconds: 65,
      },
      services: [{ binary: 'guts-migration', alive: 3, dead: 1, disabled: 1 }],
      migrations: { queued: 2, running: 0 },
      operations: { queued: 0 },
    };
    const { out, exit } = await guts(['service', 'health'], () => report);
    expect(exit).toBe(0);
    expect(out.trimEnd().split('\n')).toEqual([
      'status: degraded (guts-api 1)',
      'database: answers in 1.5 ms, schema current',
      'bus: rabbitmq, away since noon; 3 messages wait to be sent, the oldest for 1m05s',
      'guts-migration: 3 alive (1 disabled), 1 dead',
      'migrations: 2 queued',
      'operations: none',
      'problem: the message bus is away',
      '  See whether the broker runs.',
    ]);
  });
});

describe('guts service reap', () => {
  const leftover = {
    kind: 'volume',
    external_id: 'v1',
    name: 'web-disk',
    migration_id: 'm1',
    artifact_id: 'a1',
    owner: 'known',
    why: 'its migration is cancelled',
    outcome: 'listed',
    error: null,
  };
  /** An API with one source and one destination, whose reaps end at once as given. */
  const cloud =
    (ends: Readonly<Record<'source' | 'destination', object>>): Answerer =>
    (method, path) => {
      const [, side = ''] = /^\/v1\/(source|destination)s/.exec(path) ?? [];
      if (method === 'GET' && path.endsWith('name=gone')) return { [`${side}s`]: [], links: { next: null } };
      if (method === 'GET' && path.endsWith('/gone')) return refusal(404, 'there is no such thing');
      if (method === 'GET') return { [`${side}s`]: [{ id: `${side}-1`, name: side }], links: { next: null } };
      const base = { id: 'o1', status: 'done', progress: null, error: null, result: { leftovers: [] } };
      return { operation: { ...base, ...ends[side as 'source'] } };
    };
  const found = { result: { leftovers: [leftover] } };
  const lost = {
    status: 'failed',
    result: null,
    error: { code: 'destination_login', message: 'the cloud refuses the login' },
  };

  test('says where it looked and what it found', async () => {
    const { out, exit, calls } = await guts(
      ['service', 'reap', '--all'],
      cloud({ source: {}, destination: found }),
    );
    expect(exit).toBe(0);
    expect(out).toMatch(/destination destination \| volume \| v1 +\| web-disk \| m1 .*cancelled \| listed/);
    expect(out).toMatch(/source "source": nothing is left over/);
    expect(out).not.toMatch(/destination "destination": nothing/);
    expect(calls.filter(({ body }) => body).map(({ body }) => body)).toEqual([
      { action: 'reap' },
      { action: 'reap' },
    ]);
  });
  test.for([
    ['failed', lost, /could not be looked at: the cloud refuses the login/],
    [
      'has projects that cannot be seen',
      { result: { leftovers: [], unseen: [{ project: 'p9', reason: 'no role there' }] } },
      /could not be looked at: project p9: no role there/,
    ],
    ['tells nothing', { result: null }, /could not be looked at: operation o1 tells no leftovers/],
    ['cannot be asked for', null, /could not be looked at: the token is too weak/],
  ] as const)('never says "nothing" for one that %s', async ([, end, message]) => {
    const api = cloud({ source: {}, destination: end ?? {} });
    const answer: Answerer = (method, path, body) =>
      end === null && method === 'POST' && path.includes('destination')
        ? refusal(403, 'the token is too weak')
        : api(method, path, body);
    const { out, exit } = await guts(['service', 'reap', '--all'], answer);
    expect(exit).toBe(1);
    expect(out).toMatch(message);
    expect(out).not.toMatch(/destination "destination": nothing/);
    expect(out).toMatch(/source "source": nothing is left over/);
    const { out: json } = await guts(['--json', 'service', 'reap', '--all'], answer);
    expect(JSON.parse(json)).toMatchObject([
      { side: 'source', failure: null, leftovers: [] },
      { side: 'destination', failure: expect.any(String) as string },
    ]);
  });
  test('removes only with a yes, and is told by its exit code when something stays', async () => {
    const failed = { result: { leftovers: [{ ...leftover, outcome: 'failed', error: 'in use' }] } };
    const api = cloud({ source: {}, destination: failed });
    const line = ['service', 'reap', '--destination', 'destination', '--remove', '--only', 'v1'];
    await expect(guts([...line, '--include-unknown'], api)).rejects.toThrow(/only v1.*another GUTS.*--yes/);
    const { out, exit, calls } = await guts([...line, '--yes', '--only', 'v2'], api);
    expect(exit).toBe(1);
    expect(out).toMatch(/failed: in use/);
    expect(calls.at(-1)?.body).toEqual({ action: 'reap', remove: true, confirm: true, only: ['v1', 'v2'] });
  });
  test('wants to be told where', async () => {
    const api = cloud({ source: {}, destination: {} });
    await expect(guts(['service', 'reap'], api)).rejects.toThrow(/--source NAME/);
    await expect(guts(['service', 'reap', '--source', 'gone'], api)).rejects.toThrow(
      /no source with the name/,
    );
  });
});
