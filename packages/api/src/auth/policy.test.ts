import { allRoutes } from '@guts/contract';
import { describe, expect, test } from 'vitest';
import type { Caller } from '../authenticator.ts';
import { DEFAULT_RULES, ruleOf } from './default-rules.ts';
import { Policy } from './policy.ts';

const A = { projectId: 'a' };
const caller = (...roles: string[]): Caller => ({ projectId: 'a', userId: 'u', roles, system: false });
const AUDIT = 'migration:audit';
const holds = (expression: string, who: Caller, target = A): boolean =>
  new Policy({ [AUDIT]: expression }).allows(AUDIT, who, target);

test('every route of the contract has a rule', () => {
  for (const route of allRoutes.values()) expect(DEFAULT_RULES).toHaveProperty([ruleOf(route)]);
});

describe('our rules', () => {
  const policy = new Policy();
  test.each([
    ['migration:migrations:list', ['reader', 'member', 'admin']],
    ['migration:migrations:create', ['member', 'admin']],
    ['migration:services:update', ['admin']],
    ['migration:limits', ['reader', 'member', 'admin']],
    [AUDIT, ['admin']],
    ['migration:reap', ['admin']],
    ['migration:metrics', ['admin']],
  ])('%s is for %j', (rule, roles) => {
    const may = ['reader', 'member', 'admin', 'other'].filter((role) => policy.allows(rule, caller(role), A));
    expect(may).toEqual(roles);
    expect(policy.allows(rule, caller(), A)).toBe(false);
  });
  test('are about the project of the token, but for an administrator', () => {
    const other = { projectId: 'b' };
    expect(policy.allows('migration:migrations:list', caller('reader'), other)).toBe(false);
    expect(policy.allows('migration:migrations:create', caller('member'), other)).toBe(false);
    expect(policy.allows('migration:migrations:create', caller('admin'), other)).toBe(true);
  });
  test('what is refused is said with its rule and the roles', () => {
    expect(() => policy.require(AUDIT, caller('reader', 'x'), A)).toThrow(
      expect.objectContaining({
        code: 'forbidden',
        message: expect.stringMatching(/migration:audit.*reader, x/),
      }),
    );
  });
  test('a rule that nobody wrote lets nobody in', () => {
    expect(() => policy.allows('migration:none', caller('admin'), A)).toThrow(/no policy rule/);
  });
});

test.each([
  ['@', true],
  ['!', false],
  ['role:MEMBER', true],
  ['not role:member', false],
  ['role:member and role:x', false],
  ['role:member or role:x', true],
  ['project_id:%(project_id)s', true],
  ['project_id:b', false],
  ['user_id:u', true],
  ['system_scope:all', false],
  ['is_admin:True', false],
  ['is_admin:false', true],
  ["'a':%(project_id)s", true],
  ['"b":%(project_id)s', false],
  ['rule:member and not rule:admin', true],
])('%s: %j', (expression, expected) => {
  expect(holds(expression, caller('member'))).toBe(expected);
});

test('a token of the whole system, and an administrator, are known', () => {
  expect(holds('system_scope:all', { ...caller(), system: true })).toBe(true);
  expect(holds('is_admin:True', caller('admin'))).toBe(true);
});

test.each<[Record<string, string>, RegExp]>([
  [{ 'migration:audits': '@' }, /'migration:audits': there is no such rule/],
  [{ operator: 'role:op' }, /'operator': no rule refers to it/],
  [{ [AUDIT]: 'rule:operator' }, /no rule 'operator'/],
  [{ [AUDIT]: 'http://x/' }, /'http:' is no check/],
  [{ [AUDIT]: 'constructor:x' }, /'constructor:' is no check/],
  [{ [AUDIT]: 'user_id:%(user_id)s' }, /%\(user_id\)s is not known/],
  [{ [AUDIT]: 'is_admin:1' }, /takes True or False/],
  [{ [AUDIT]: '(role:a' }, /closing parenthesis/],
  [{ [AUDIT]: `rule:${AUDIT}` }, /refers to itself/],
  [{ [AUDIT]: 'rule:one', one: 'not rule:two', two: 'rule:one or @' }, /refers to itself: .*one → two → one/],
])('%j is refused', (rules, message) => {
  expect(() => new Policy(rules)).toThrow(
    expect.objectContaining({ code: 'configuration', message: expect.stringMatching(message) }),
  );
});

test("names of one's own serve to be referred to", () => {
  const policy = new Policy({ [AUDIT]: 'rule:auditor', auditor: 'role:auditor' });
  expect(policy.allows(AUDIT, caller('auditor'), A)).toBe(true);
});
