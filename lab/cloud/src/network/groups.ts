/** Security groups and their rules. Nothing filters here: the rules are kept, checked and shown. */
import { randomUUID } from 'node:crypto';
import { badRequest, conflict, notFound } from '../http/api-error.ts';
import { integerIn, objectIn, requiredText, textIn, type JsonObject } from '../http/json.ts';
import { param, route, type Call, type Reply, type Service } from '../http/service.ts';
import { isAdmin } from '../identity/state.ts';
import { projectOf, type World } from '../world.ts';
import type { SecurityGroup, SecurityGroupRule } from './state.ts';
import { matching } from './matching.ts';
import { tagRoutes, tagged } from './tags.ts';
import { groupView, ruleView } from './views.ts';

function makeRule(
  world: World,
  group: SecurityGroup,
  facts: Pick<SecurityGroupRule, 'direction' | 'ethertype'> & Partial<SecurityGroupRule>,
): SecurityGroupRule {
  const rule: SecurityGroupRule = {
    protocol: null,
    portRangeMin: null,
    portRangeMax: null,
    remoteIpPrefix: null,
    remoteGroupId: null,
    description: '',
    ...facts,
    id: randomUUID(),
    groupId: group.id,
    projectId: group.projectId,
    createdAt: Date.now(),
  };
  world.network.securityGroupRules.set(rule.id, rule);
  return rule;
}

function makeGroup(world: World, projectId: string, name: string, description: string): SecurityGroup {
  const now = Date.now();
  const group: SecurityGroup = {
    id: randomUUID(),
    name,
    projectId,
    description,
    stateful: true,
    tags: new Set(),
    createdAt: now,
    updatedAt: now,
  };
  world.network.securityGroups.set(group.id, group);
  for (const ethertype of ['IPv4', 'IPv6']) {
    makeRule(world, group, { direction: 'egress', ethertype });
    // Members of the default group may reach each other.
    if (name === 'default')
      makeRule(world, group, { direction: 'ingress', ethertype, remoteGroupId: group.id });
  }
  return group;
}

/** The default group of a project, made when it is first needed. */
export function defaultGroup(world: World, projectId: string): string {
  for (const group of world.network.securityGroups.values())
    if (group.projectId === projectId && group.name === 'default') return group.id;
  return makeGroup(world, projectId, 'default', 'Default security group').id;
}

const mine = (call: Call, one: { readonly projectId: string }): boolean =>
  isAdmin(call.token) || one.projectId === projectOf(call.token);

function findGroup(world: World, call: Call, id: string): SecurityGroup {
  const group = world.network.securityGroups.get(id);
  if (!group || !mine(call, group))
    throw notFound(`Security group ${id} does not exist`, 'SecurityGroupNotFound');
  return group;
}

async function create(world: World, call: Call): Promise<Reply> {
  const wanted = objectIn(await call.json(), 'security_group');
  const projectId = projectOf(call.token);
  defaultGroup(world, projectId);
  const own = [...world.network.securityGroups.values()].filter((one) => one.projectId === projectId);
  const limit = world.quotas(projectId).securityGroups;
  if (limit >= 0 && own.length >= limit)
    throw conflict("Quota exceeded for resources: ['security_group'].", 'OverQuota');
  const name = requiredText(wanted, 'name');
  if (name === 'default')
    throw conflict('Default security group already exists.', 'SecurityGroupDefaultAlreadyExists');
  const group = makeGroup(world, projectId, name, textIn(wanted, 'description') ?? '');
  return { status: 201, json: { security_group: groupView(world.network, group) } };
}

function remove(world: World, call: Call): Reply {
  const group = findGroup(world, call, param(call, 'id'));
  if ([...world.network.ports.values()].some((port) => port.securityGroups.includes(group.id)))
    throw conflict(`Security Group ${group.id} in use.`, 'SecurityGroupInUse');
  if (group.name === 'default' && !isAdmin(call.token))
    throw conflict(
      'Insufficient rights for removing default security group.',
      'SecurityGroupCannotRemoveDefault',
    );
  world.network.securityGroups.delete(group.id);
  for (const rule of world.network.securityGroupRules.values())
    if (rule.groupId === group.id) world.network.securityGroupRules.delete(rule.id);
  return { status: 204 };
}

/** What two rules must differ in. */
const sameRule = (one: SecurityGroupRule, two: Omit<SecurityGroupRule, 'id' | 'projectId' | 'createdAt'>) =>
  one.groupId === two.groupId &&
  one.direction === two.direction &&
  one.ethertype === two.ethertype &&
  one.protocol === two.protocol &&
  one.portRangeMin === two.portRangeMin &&
  one.portRangeMax === two.portRangeMax &&
  one.remoteIpPrefix === two.remoteIpPrefix &&
  one.remoteGroupId === two.remoteGroupId;

function ruleFacts(wanted: JsonObject, groupId: string) {
  const direction = requiredText(wanted, 'direction');
  if (direction !== 'ingress' && direction !== 'egress')
    throw badRequest(
      `Invalid input for direction. Reason: '${direction}' is not in ['ingress', 'egress'].`,
      'HTTPBadRequest',
    );
  return {
    groupId,
    direction,
    ethertype: textIn(wanted, 'ethertype') ?? 'IPv4',
    protocol: textIn(wanted, 'protocol') ?? null,
    portRangeMin: integerIn(wanted, 'port_range_min') ?? null,
    portRangeMax: integerIn(wanted, 'port_range_max') ?? null,
    remoteIpPrefix: textIn(wanted, 'remote_ip_prefix') ?? null,
    remoteGroupId: textIn(wanted, 'remote_group_id') ?? null,
    description: textIn(wanted, 'description') ?? '',
  };
}

async function createRule(world: World, call: Call): Promise<Reply> {
  const wanted = objectIn(await call.json(), 'security_group_rule');
  const group = findGroup(world, call, requiredText(wanted, 'security_group_id'));
  const facts = ruleFacts(wanted, group.id);
  const twin = [...world.network.securityGroupRules.values()].find((one) => sameRule(one, facts));
  if (twin)
    throw conflict(`Security group rule already exists. Rule id is ${twin.id}.`, 'SecurityGroupRuleExists');
  return { status: 201, json: { security_group_rule: ruleView(makeRule(world, group, facts)) } };
}

export function groupRoutes(world: World): Service['routes'] {
  const { network: state } = world;
  const groups = '/v2.0/security-groups';
  const rules = '/v2.0/security-group-rules';
  return [
    route('GET', groups, (call) => {
      defaultGroup(world, projectOf(call.token));
      const seen = [...state.securityGroups.values()].filter((one) => mine(call, one) && tagged(call, one));
      const views = seen.map((one) => groupView(state, one));
      return {
        status: 200,
        json: { security_groups: matching(call, views, ['id', 'name', 'project_id', 'tenant_id']) },
      };
    }),
    route('POST', groups, (call) => create(world, call)),
    route('GET', `${groups}/:id`, (call) => ({
      status: 200,
      json: { security_group: groupView(state, findGroup(world, call, param(call, 'id'))) },
    })),
    route('DELETE', `${groups}/:id`, (call) => remove(world, call)),
    ...tagRoutes('security-groups', (call) => findGroup(world, call, param(call, 'id'))),
    route('GET', rules, (call) => {
      const views = [...state.securityGroupRules.values()].filter((one) => mine(call, one)).map(ruleView);
      const filters = ['id', 'security_group_id', 'direction', 'protocol', 'project_id'];
      return { status: 200, json: { security_group_rules: matching(call, views, filters) } };
    }),
    route('POST', rules, (call) => createRule(world, call)),
    route('DELETE', `${rules}/:id`, (call) => {
      const rule = state.securityGroupRules.get(param(call, 'id'));
      if (!rule || !mine(call, rule))
        throw notFound(
          `Security group rule ${param(call, 'id')} does not exist`,
          'SecurityGroupRuleNotFound',
        );
      state.securityGroupRules.delete(rule.id);
      return { status: 204 };
    }),
  ];
}
