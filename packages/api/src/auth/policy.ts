import { GutsError, messageOf } from '@guts/core';
import type { Caller } from '../authenticator.ts';
import { DEFAULT_RULES, OURS } from './default-rules.ts';
import { type Check, parseExpression } from './policy-expression.ts';

type Match = Extract<Check, { kind: 'match' }>;

/** What is asked for. */
export interface Target {
  /** The project in which it would be done; null: in none. */
  readonly projectId: string | null;
}

/** What a check may ask of the caller, beside `role:` and `rule:`. */
const FACTS: Readonly<Record<string, (caller: Caller) => string | null>> = {
  project_id: ({ projectId }) => projectId,
  user_id: ({ userId }) => userId,
  system_scope: ({ system }) => (system ? 'all' : null),
  is_admin: ({ roles }) => String(roles.includes('admin')),
};
const PLACE = /%\(([^()\s]+)\)s/g;
const LITERAL = /^(?:'([^']*)'|"([^"]*)"|(\d+|true|false))$/i;

function refuse(name: string, problem: string, remedy?: string): never {
  throw new GutsError('configuration', `policy rule '${name}': ${problem}`, {
    field: 'policy_file',
    details: { rule: name },
    ...(remedy === undefined ? {} : { remedy }),
  });
}

function literalOf(text: string): string | null {
  const found = LITERAL.exec(text);
  return found ? (found[1] ?? found[2] ?? found[3] ?? null) : null;
}

function matches(check: Check): readonly Match[] {
  switch (check.kind) {
    case 'match':
      return [check];
    case 'not':
      return matches(check.of);
    case 'and':
    case 'or':
      return [...matches(check.left), ...matches(check.right)];
    default:
      return [];
  }
}

/** Refuses a check that could never be decided: it would shut out, or let in, whom nobody meant. */
function verify(name: string, { left, right }: Match, known: ReadonlySet<string>): void {
  if (left === 'rule')
    return known.has(right) ? undefined : refuse(name, `there is no rule '${right}' that it could refer to`);
  if (left !== 'role' && !Object.hasOwn(FACTS, left) && literalOf(left) === null)
    refuse(
      name,
      `'${left}:' is no check that is known`,
      `Known are role, rule, ${Object.keys(FACTS).join(', ')}, and texts in quotes.`,
    );
  for (const [, place = ''] of right.matchAll(PLACE))
    if (place !== 'project_id')
      refuse(name, `%(${place})s is not known of what is asked for`, 'Only %(project_id)s is.');
  if (left === 'is_admin' && !/^(true|false)$/i.test(right))
    refuse(name, 'is_admin: takes True or False', 'Write is_admin:True.');
}

function references(check: Check): string[] {
  return matches(check).flatMap(({ left, right }) => (left === 'rule' ? [right] : []));
}

function refuseCycles(rules: ReadonlyMap<string, Check>): void {
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    if (path.includes(name)) refuse(name, `it refers to itself: ${[...path, name].join(' → ')}`);
    const check = rules.get(name);
    if (done.has(name) || !check) return;
    for (const next of references(check)) visit(next, [...path, name]);
    done.add(name);
  };
  for (const name of rules.keys()) visit(name, []);
}

/** Who may do what, in oslo.policy's language: our defaults, with the rules of a policy file over them. */
export class Policy {
  readonly #rules: ReadonlyMap<string, Check>;
  /** Every rule in force, as it is written. */
  readonly rules: ReadonlyMap<string, string>;

  /**
   * @param overrides rule → expression; rules of other names than ours are for expressions to refer to
   * @throws GutsError `configuration` for what cannot be read, is unknown, refers to itself or is never used
   */
  constructor(overrides: Readonly<Record<string, string>> = {}) {
    const texts = Object.entries({ ...DEFAULT_RULES, ...overrides });
    const known = new Set(texts.map(([name]) => name));
    this.rules = new Map(texts);
    this.#rules = new Map(
      texts.map(([name, text]) => {
        try {
          return [name, parseExpression(text)];
        } catch (error) {
          return refuse(name, messageOf(error));
        }
      }),
    );
    const used = new Set([...this.#rules.values()].flatMap(references));
    for (const name of Object.keys(overrides)) {
      if (Object.hasOwn(DEFAULT_RULES, name)) continue;
      if (name.startsWith(OURS))
        refuse(name, 'there is no such rule', 'docs/operations.md says how they are named.');
      if (!used.has(name)) refuse(name, 'no rule refers to it', 'Is its name written as the others have it?');
    }
    for (const [name, check] of this.#rules) for (const one of matches(check)) verify(name, one, known);
    refuseCycles(this.#rules);
  }

  /** Whether the caller, as the token makes it, may do this. @throws GutsError `internal`: no such rule */
  allows(rule: string, caller: Caller, target: Target): boolean {
    const check = this.#rules.get(rule);
    if (!check) throw new GutsError('internal', `there is no policy rule '${rule}'`);
    return this.#holds(check, caller, target);
  }

  /** @throws GutsError `forbidden` */
  require(rule: string, caller: Caller, target: Target): void {
    if (this.allows(rule, caller, target)) return;
    const roles = caller.roles.length === 0 ? 'no role' : `the roles ${caller.roles.join(', ')}`;
    throw new GutsError('forbidden', `the policy does not allow this (${rule}); the token has ${roles}`, {
      remedy: 'Ask with a token of the right project and role, or have the role given.',
      details: { rule },
    });
  }

  #holds(check: Check, caller: Caller, target: Target): boolean {
    switch (check.kind) {
      case 'always':
        return true;
      case 'never':
        return false;
      case 'not':
        return !this.#holds(check.of, caller, target);
      case 'and':
        return this.#holds(check.left, caller, target) && this.#holds(check.right, caller, target);
      case 'or':
        return this.#holds(check.left, caller, target) || this.#holds(check.right, caller, target);
      default:
        return this.#matches(check, caller, target);
    }
  }

  #matches({ left, right }: Match, caller: Caller, target: Target): boolean {
    if (left === 'rule') return this.allows(right, caller, target);
    const { projectId } = target;
    if (projectId === null && right.search(PLACE) >= 0) return false;
    const wanted = right.replaceAll(PLACE, projectId ?? '');
    // Keystone's role names do not differ by case alone.
    if (left === 'role') return caller.roles.some((role) => role.toLowerCase() === wanted.toLowerCase());
    if (left === 'is_admin') return FACTS['is_admin']?.(caller) === wanted.toLowerCase();
    const fact = Object.hasOwn(FACTS, left) ? FACTS[left]?.(caller) : literalOf(left);
    return fact !== null && fact !== undefined && fact === wanted;
  }
}
