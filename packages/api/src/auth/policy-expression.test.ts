import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Check, parseExpression, PolicySyntaxError } from './policy-expression.ts';

const print = (check: Check): string => {
  switch (check.kind) {
    case 'always':
      return '@';
    case 'never':
      return '!';
    case 'not':
      return `not ${print(check.of)}`;
    case 'match':
      return `${check.left}:${check.right}`;
    default:
      return `(${print(check.left)} ${check.kind} ${print(check.right)})`;
  }
};

const { check } = fc.letrec<{ check: Check }>((tie) => ({
  check: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom<Check>({ kind: 'always' }, { kind: 'never' }),
    fc.record({
      kind: fc.constant('match' as const),
      left: fc.constantFrom('role', 'rule', "'a b'", 'project_id'),
      right: fc.constantFrom('admin', '%(project_id)s', 'a:b'),
    }),
    fc.record({ kind: fc.constant('not' as const), of: tie('check') }),
    fc.record({
      kind: fc.constantFrom('and' as const, 'or' as const),
      left: tie('check'),
      right: tie('check'),
    }),
  ),
}));

it('reads back whatever it could have been written from', () => {
  fc.assert(
    fc.property(check, (one) => {
      expect(parseExpression(print(one))).toEqual(one);
    }),
  );
});

it('reads or refuses any text, and never fails otherwise', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      let failure: unknown = null;
      try {
        parseExpression(text);
      } catch (error) {
        failure = error;
      }
      expect(failure === null || failure instanceof PolicySyntaxError).toBe(true);
    }),
  );
});

it('binds not before and, and before or; the empty expression always holds', () => {
  expect(print(parseExpression('role:a or not role:b and role:c'))).toBe(
    '(role:a or (not role:b and role:c))',
  );
  expect(parseExpression(' ')).toEqual({ kind: 'always' });
});

it.each(['(role:a', 'role:a)', 'role:a role:b', 'and', 'role', 'role:', 'not', `${'('.repeat(99)}@`])(
  'refuses %s',
  (text) => {
    expect(() => parseExpression(text)).toThrow(PolicySyntaxError);
  },
);
