import { describe, expect, test } from 'vitest';
import { type Answerer, guts } from '../../test/rig.ts';

const prediction = {
  capacity_bytes: 2 ** 31,
  data_bytes: 2 ** 30,
  bytes_per_second: 100 * 2 ** 20,
  assumed: true,
  seconds: 11,
};
const finding = {
  severity: 'blocker',
  code: 'network.unmapped',
  message: 'not mapped',
  remedy: 'Map it.',
  subject: 'nic:4000',
};
const plan = {
  server_name: 'web',
  flavor: { id: 'f', name: 'm1', reason: 'the smallest' },
  nics: [
    {
      key: '4000',
      label: 'NIC 1',
      network_id: 'n',
      network_name: 'prod',
      mac: null,
      addresses: [{ subnet_id: 's', address: '10.0.0.9' }],
    },
  ],
  disks: [
    {
      key: '1',
      label: 'Disk 1',
      capacity_bytes: 2 ** 30,
      size_gib: 1,
      boot: true,
      target: 'image',
      volume_type: null,
      fill: 'image',
    },
    {
      key: '2',
      label: 'Disk 2',
      capacity_bytes: 2 ** 30,
      size_gib: 1,
      boot: false,
      target: 'volume',
      volume_type: 'fast',
      fill: 'image',
    },
  ],
  security_group_ids: [],
  availability_zone: null,
  data_disk_bus: null,
  properties: { hw_disk_bus: 'scsi' },
};
const blocked = {
  ref: 'vm-1',
  name: 'web',
  path: 'DC/vm/web',
  result: 'blocked',
  findings: [finding],
  plan: null,
  prediction,
};
const hint = { severity: 'information', code: 'guest.unknown', message: 'not told', unknown: true };
const ready = { ...blocked, ref: 'vm-2', name: 'db', result: 'ready', findings: [hint], plan };
const notAsked = [{ code: 'address.taken', title: 'A MAC or IP address is taken' }];
const summary = {
  instances: 2,
  blocked: 1,
  warned: 0,
  ready: 1,
  severities: { blocker: 1, warning: 0, information: 1 },
  rules: [],
  totals: { data_bytes: 2 ** 30 },
  findings: [{ severity: 'warning', code: 'quota.together', message: 'too little', remedy: 'Ask.' }],
  not_asked: notAsked,
};
const answering =
  (all: readonly object[]): Answerer =>
  (_method, path) => {
    if (path.startsWith('/v1/preflight/summary')) return { summary };
    if (path.startsWith('/v1/preflight/rules'))
      return {
        rules: [
          {
            code: 'disk.none',
            area: 'Disks',
            title: 'T',
            severities: ['blocker'],
            needs: 'instance',
            explanation: 'E.',
            remedy: 'R.',
          },
        ],
      };
    const last = path.includes('marker=');
    const next = last || all.length < 2 ? null : '/v1/preflight?limit=500&marker=vm-1';
    const page = all.length < 2 ? all : last ? all.slice(1) : all.slice(0, 1);
    return { checks: page, not_asked: notAsked, links: { next } };
  };

describe('guts instance check', () => {
  test('tells every finding of every page, sums up, and ends with 6 when one is blocked', async () => {
    const { out, calls, exit } = await guts(
      [
        'instance',
        'check',
        '--all',
        '--source',
        'vc',
        '--destination',
        'cloud',
        '--mapping',
        'prod',
        '--network',
        'prod',
      ],
      answering([blocked, ready]),
    );
    expect(exit).toBe(6);
    expect(calls.map(({ line }) => line)).toEqual([
      'POST /v1/preflight?limit=500',
      'POST /v1/preflight?limit=500&marker=vm-1',
      'POST /v1/preflight/summary',
    ]);
    expect(calls[0]?.body).toMatchObject({
      source: 'vc',
      destination: 'cloud',
      named_mapping: 'prod',
      mapping: { networks: { '*': { network: 'prod' } } },
    });
    expect(out).toMatch(/web .* blocker .* network\.unmapped .* nic:4000 .* yes .* not mapped .* Map it\./);
    expect(out).toMatch(/db .* guest\.unknown .* no .* not told/);
    expect(out).toContain('2 instances: 1 blocked, 0 with warnings, 1 ready');
    expect(out).toContain('warning: too little. Ask.');
    expect(out).toContain('Not asked here, but by the migration itself: A MAC or IP address is taken.');
  });

  test('ends with 0 when nothing is blocked, and writes CSV that a program reads', async () => {
    const { out, exit, calls } = await guts(
      ['instance', 'check', 'db', '--source', 'vc', '-f', 'csv', '--by-instance'],
      answering([ready]),
    );
    expect(exit).toBe(0);
    expect(calls).toHaveLength(1);
    expect(calls[0]?.body).toMatchObject({ instances: ['db'] });
    expect(out.split('\n')[1]).toBe('"db","vm-2","ready",0,0,1,"m1",1073741824,11');
  });

  test.for([
    [['--all'], /--source is needed/],
    [['--source', 'vc'], /--all/],
    [['web', '--source', 'vc', '--all'], /instances are named/],
    [['web', '--source', 'vc', '--name', 'x'], /--name/],
  ] as const)('%j is refused', async ([args, message]) => {
    await expect(guts(['instance', 'check', ...args], answering([]))).rejects.toThrow(message);
  });

  test('lists the rules', async () => {
    const { out, exit } = await guts(['instance', 'check', '--rules', '-f', 'value'], answering([]));
    expect([out, exit]).toEqual(['disk.none Disks blocker instance T E. R.\n', 0]);
  });
});

describe('guts migration create --dry-run', () => {
  const dry =
    (check: object): Answerer =>
    () => ({
      dry_run: { source_id: 's', destination_id: 'd', target_project: null, check, not_asked: notAsked },
    });
  const args = ['migration', 'create', 'db', '--source', 'vc', '--destination', 'cloud', '--dry-run'];

  test('draws what would be made, with what preflight says', async () => {
    const { out, exit, calls } = await guts(args, dry(ready));
    expect(exit).toBe(0);
    expect(calls).toHaveLength(1);
    expect(calls[0]?.body).toMatchObject({ instance: 'db', dry_run: true });
    expect(out).toMatch(/db \(vm-2\) +\| → \| server web/);
    expect(out).toMatch(/Disk 1, 1\.0 GiB, boot disk \| → \| image, which the server boots from/);
    expect(out).toMatch(/Disk 2, 1\.0 GiB +\| → \| volume of 1 GiB, type fast, filled from an image/);
    expect(out).toMatch(/NIC 1 +\| → \| port on prod, MAC by Neutron, 10\.0\.0\.9/);
    expect(out).toContain('To send: about 1.0 GiB of 2.0 GiB, about 11s at 100 MiB/s (assumed).');
    expect(out).toMatch(/information \(not known\) \| instance +\| not told/);
    expect(out).toContain('without --dry-run it is');
  });

  test('ends with 6 when it would be blocked, also as JSON', async () => {
    const drawn = await guts(args, dry(blocked));
    expect(drawn.exit).toBe(6);
    expect(drawn.out).toContain('web (vm-1) cannot be moved so.');
    expect(drawn.out).toContain('a blocker keeps it from being moved');
    const json = await guts(['--json', ...args], dry(blocked));
    expect(json.exit).toBe(6);
    expect(JSON.parse(json.out)).toMatchObject({ check: { result: 'blocked' } });
  });

  test('does not wait for what is not made', async () => {
    await expect(guts([...args, '--wait'], dry(ready))).rejects.toThrow(/nothing to wait for/);
  });
});
