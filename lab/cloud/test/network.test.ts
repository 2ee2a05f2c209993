import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Answer, type Client, type Json, type Running, start } from './kit.ts';

let lab: Running;
let demo: Client;
let admin: Client;
let shared: string;
let own: string;
beforeAll(async () => {
  lab = await start();
  demo = await lab.as('demo');
  admin = await lab.as('admin');
  shared = await networkId(demo, 'provider1');
  own = await networkId(demo, 'private');
});
afterAll(() => lab[Symbol.asyncDispose]());

async function networkId(client: Client, name: string): Promise<string> {
  const { json } = await client.call('GET', `/network/v2.0/networks?name=${name}`);
  const [found] = json['networks'] as { id: string }[];
  if (!found) throw new Error(`no network ${name}`);
  return found.id;
}

const ports = '/network/v2.0/ports';
const create = (client: Client, network: string, facts: Json = {}): Promise<Answer> =>
  client.call('POST', ports, { port: { network_id: network, ...facts } });
const portOf = (answer: Answer): Json => answer.json['port'] as Json;
const kindOf = (answer: Answer): string => (answer.json['NeutronError'] as { type: string }).type;

test('members see shared networks and their own; others do not see theirs', async () => {
  await using other = await start({
    users: [
      { name: 'demo', project: 'demo', roles: ['member'] },
      { name: 'stranger', project: 'elsewhere', roles: ['member'] },
    ],
  });
  const stranger = await other.as('stranger');
  const names = async (client: Client) =>
    ((await client.call('GET', '/network/v2.0/networks')).json['networks'] as { name: string }[])
      .map((one) => one.name)
      .sort();
  expect(await names(stranger)).toEqual(['provider1', 'provider2']);
  expect(await names(demo)).toEqual(['private', 'provider1', 'provider2']);
});

test('a port gets a MAC address and an address out of the pool', async () => {
  const made = await create(demo, shared, { name: 'nic', description: 'of a migration' });
  expect(made.status).toBe(201);
  const port = portOf(made);
  expect(port).toMatchObject({ name: 'nic', description: 'of a migration', status: 'DOWN', device_id: '' });
  expect(port['mac_address']).toMatch(/^fa:16:3e:/);
  expect(port['fixed_ips']).toMatchObject([{ ip_address: '10.77.1.100' }]);
  const next = portOf(await create(demo, shared));
  expect(next['fixed_ips']).toMatchObject([{ ip_address: '10.77.1.101' }]);
});

test("choosing MAC or IP on somebody else's network is refused to members, not to administrators", async () => {
  for (const facts of [
    { mac_address: '00:50:56:aa:bb:cc' },
    { fixed_ips: [{ ip_address: '10.77.1.150' }] },
  ]) {
    const refused = await create(demo, shared, facts);
    expect([refused.status, kindOf(refused)]).toEqual([403, 'PolicyNotAuthorized']);
    expect((await create(admin, shared, facts)).status).toBe(201);
  }
});

test('addresses in use are conflicts, and free again with their port', async () => {
  const facts = { mac_address: '00:50:56:00:00:01', fixed_ips: [{ ip_address: '192.168.77.9' }] };
  const first = portOf(await create(demo, own, facts));
  const sameIp = await create(demo, own, { fixed_ips: facts.fixed_ips });
  expect([sameIp.status, kindOf(sameIp)]).toEqual([409, 'IpAddressAlreadyAllocated']);
  const sameMac = await create(demo, own, { mac_address: '00-50-56-00-00-01' });
  expect([sameMac.status, kindOf(sameMac)]).toEqual([409, 'MacAddressInUse']);
  expect((await demo.call('DELETE', `${ports}/${String(first['id'])}`)).status).toBe(204);
  expect((await create(demo, own, facts)).status).toBe(201);
});

test.each([
  [{ mac_address: 'nonsense' }, 400],
  [{ fixed_ips: [{ ip_address: '10.0.0.1' }] }, 400],
  [{ security_groups: ['6f5b4a3e-0000-4000-8000-000000000000'] }, 404],
])('a port with %j is refused', async (facts, status) => {
  const answer = await create(demo, own, facts);
  expect(answer.status).toBe(status);
  expect(answer.json).toHaveProperty('NeutronError.message');
});

test('a pool that is used up says so', async () => {
  await using tiny = await start({
    networks: [{ name: 'tiny', cidr: '10.9.9.0/30', project: 'demo', pool: ['10.9.9.2', '10.9.9.2'] }],
  });
  const client = await tiny.as('demo');
  const id = await networkId(client, 'tiny');
  expect((await create(client, id)).status).toBe(201);
  const refused = await create(client, id);
  expect([refused.status, kindOf(refused)]).toEqual([409, 'IpAddressGenerationFailure']);
});

test('ports over quota are refused; details tell what is used', async () => {
  await using small = await start({ quotas: { ports: 1 } });
  const client = await small.as('demo');
  const id = await networkId(client, 'private');
  await create(client, id);
  const refused = await create(client, id);
  expect([refused.status, kindOf(refused)]).toEqual([409, 'OverQuota']);
  const path = `/network/v2.0/quotas/${client.projectId}/details.json`;
  expect((await client.call('GET', path)).json).toMatchObject({ quota: { port: { limit: 1, used: 1 } } });
});

test('ports carry tags, and are found by them', async () => {
  const id = String(portOf(await create(demo, own))['id']);
  expect((await demo.call('PUT', `${ports}/${id}/tags/guts-1`)).status).toBe(201);
  const whole = await demo.call('PUT', `${ports}/${id}/tags`, { tags: ['guts-2', 'vm'] });
  expect(whole.json['tags']).toEqual(['guts-2', 'vm']);
  const found = await demo.call('GET', `${ports}?tags=guts-2,vm`);
  expect(found.json['ports']).toMatchObject([{ id }]);
  expect((await demo.call('DELETE', `${ports}/${id}/tags/guts-2`)).status).toBe(204);
  expect((await demo.call('DELETE', `${ports}/${id}/tags/guts-2`)).status).toBe(404);
  expect((await demo.call('GET', `${ports}?tags=guts-2`)).json['ports']).toEqual([]);
});

test('security groups: the default one, an own one, its rules', async () => {
  const made = await demo.call('POST', '/network/v2.0/security-groups', { security_group: { name: 'web' } });
  expect(made.status).toBe(201);
  const group = made.json['security_group'] as { id: string; security_group_rules: Json[] };
  expect(group.security_group_rules.map((rule) => rule['direction'])).toEqual(['egress', 'egress']);
  const rule = {
    security_group_id: group.id,
    direction: 'ingress',
    protocol: 'tcp',
    port_range_min: 80,
    port_range_max: 80,
  };
  const rules = '/network/v2.0/security-group-rules';
  const added = await demo.call('POST', rules, { security_group_rule: rule });
  expect([added.status, added.json['security_group_rule']]).toMatchObject([201, rule]);
  expect((await demo.call('POST', rules, { security_group_rule: rule })).status).toBe(409);
  const listed = await demo.call('GET', '/network/v2.0/security-groups?name=default');
  expect(listed.json['security_groups']).toHaveLength(1);
  const port = portOf(await create(demo, own, { security_groups: [group.id] }));
  expect((await demo.call('DELETE', `/network/v2.0/security-groups/${group.id}`)).status).toBe(409);
  await demo.call('DELETE', `${ports}/${String(port['id'])}`);
  expect((await demo.call('DELETE', `/network/v2.0/security-groups/${group.id}`)).status).toBe(204);
});

test('members make networks of their own', async () => {
  const network = await demo.call('POST', '/network/v2.0/networks', { network: { name: 'mine' } });
  expect(network.status).toBe(201);
  const { id } = network.json['network'] as { id: string };
  const subnet = await demo.call('POST', '/network/v2.0/subnets', {
    subnet: { network_id: id, cidr: '10.5.0.0/24', ip_version: 4 },
  });
  expect(subnet.json['subnet']).toMatchObject({
    gateway_ip: '10.5.0.1',
    allocation_pools: [{ start: '10.5.0.2', end: '10.5.0.254' }],
  });
  const port = portOf(await create(demo, id));
  expect((await demo.call('DELETE', `/network/v2.0/networks/${id}`)).status).toBe(409);
  await demo.call('DELETE', `${ports}/${String(port['id'])}`);
  expect((await demo.call('DELETE', `/network/v2.0/networks/${id}`)).status).toBe(204);
});
