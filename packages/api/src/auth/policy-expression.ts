/** oslo.policy's expressions: `role:admin or (rule:owner and not 'x':%(y)s)`. `not` binds closest, then `and`. */
export type Check =
  | { readonly kind: 'always' | 'never' }
  | { readonly kind: 'not'; readonly of: Check }
  | { readonly kind: 'and' | 'or'; readonly left: Check; readonly right: Check }
  | { readonly kind: 'match'; readonly left: string; readonly right: string };

/** An expression that cannot be read; the message says where and what was expected. */
export class PolicySyntaxError extends Error {
  override readonly name = 'PolicySyntaxError';
}

const TOKEN = /\s*(\(|\)|@(?=[\s)]|$)|!(?=[\s)]|$)|(?:'[^']*'|"[^"]*"|%\([^()\s]+\)s|[^\s()'"])+)/y;
/** Nesting allowed, so that a hostile file cannot exhaust the stack. */
const DEEPEST = 50;

function tokens(text: string): string[] {
  const found: string[] = [];
  const end = text.trimEnd().length;
  let at = 0;
  while (at < end) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text)?.[1];
    if (token === undefined)
      throw new PolicySyntaxError(`the expression cannot be read at character ${at + 1}`);
    found.push(token);
    at = TOKEN.lastIndex;
  }
  return found;
}

/** Reads one expression; the empty one always holds. @throws PolicySyntaxError */
export function parseExpression(text: string): Check {
  const all = tokens(text);
  if (all.length === 0) return { kind: 'always' };
  let at = 0;
  const word = (): string => all[at]?.toLowerCase() ?? '';

  const single = (depth: number): Check => {
    if (depth > DEEPEST) throw new PolicySyntaxError(`it is nested deeper than ${DEEPEST}`);
    const token = all[at];
    if (token === undefined) throw new PolicySyntaxError('the expression ends where a check was expected');
    const lower = word();
    at++;
    if (lower === 'not') return { kind: 'not', of: single(depth + 1) };
    if (token === '@') return { kind: 'always' };
    if (token === '!') return { kind: 'never' };
    if (token === '(') {
      const inner = either(depth + 1);
      if (all[at] !== ')') throw new PolicySyntaxError('a closing parenthesis is missing');
      at++;
      return inner;
    }
    const parts = /^('[^']*'|"[^"]*"|[^:'"]+):(.+)$/.exec(token);
    if (!parts) throw new PolicySyntaxError(`'${token}' is no check: write kind:value, such as role:admin`);
    return { kind: 'match', left: parts[1] ?? '', right: parts[2] ?? '' };
  };
  const both = (depth: number): Check => {
    let left = single(depth);
    while (word() === 'and') {
      at++;
      left = { kind: 'and', left, right: single(depth) };
    }
    return left;
  };
  const either = (depth: number): Check => {
    let left = both(depth);
    while (word() === 'or') {
      at++;
      left = { kind: 'or', left, right: both(depth) };
    }
    return left;
  };

  const read = either(0);
  if (at < all.length)
    throw new PolicySyntaxError(`'${all[at] ?? ''}' was not expected there: join checks with and/or`);
  return read;
}
