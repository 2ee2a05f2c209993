import { describe, expect, test } from 'vitest';
import { differs, examplesOf } from './guide.ts';

const http = (status: number, body: unknown) =>
  `HTTP/1.1 ${status} OK\r\ndate: now\r\n\r\n${typeof body === 'string' ? body : JSON.stringify(body)}`;

test('a request is shown with its answer; what calls nothing is no example', () => {
  const text =
    '```sh\nexport A=b\n```\n\n```sh\ncurl $A\n```\n\nIs:\n\n```http\nHTTP/1.1 200 OK\n```\n\n```sh\ncurl b\n```\n';
  expect(examplesOf(text)).toEqual([
    { line: 5, command: 'curl $A\n', answer: 'HTTP/1.1 200 OK' },
    { line: 15, command: 'curl b\n', answer: null },
  ]);
});

describe('an answer is compared with the one that is shown', () => {
  test.for<readonly [string, unknown, unknown, string | null]>([
    ['equal', { a: [1, null, 'x'] }, { a: [1, null, 'x'] }, null],
    ['another value', { a: 1 }, { a: 2 }, 'answer.a is 2'],
    ['another type', { a: 'x' }, { a: 2 }, 'answer.a is 2'],
    ['a key that is not shown', { a: 1 }, { a: 1, b: 2 }, 'answer has b too'],
    ['a key that is left out', { a: 1, '…': '…' }, { a: 1, b: 2 }, null],
    ['a key that is missing', { a: '…' }, {}, 'answer.a is undefined'],
    ['an item that is not shown', { a: [1] }, { a: [1, 2] }, 'answer.a has 2 items'],
    ['items that are left out', { a: [1, '…'] }, { a: [1, 2, 3] }, null],
    ['too few items', { a: [1, '…'] }, { a: [] }, 'answer.a has 0 items'],
    ['anything', { a: '…' }, { a: { b: 1 } }, null],
    ['a text with a gap', { a: 'x … z' }, { a: 'x (y) z' }, null],
    ['another text', { a: 'x. … z' }, { a: 'xy 1 z' }, 'answer.a is "xy 1 z"'],
    ['what a variable holds', { a: '$KNOWN' }, { a: 'k' }, null],
    ['not what a variable holds', { a: '$KNOWN' }, { a: 'l' }, 'answer.a is "l", not k'],
  ])('%s', ([, shown, got, fault]) => {
    const told = differs(http(200, shown), http(200, got), { KNOWN: 'k' });
    expect(told?.split('\n')[0] ?? null).toBe(fault);
  });

  test('a variable gets its value of an answer that is right', () => {
    const variables: Record<string, string> = {};
    expect(differs(http(200, { id: '$ID', a: 1 }), http(200, { id: 'x', a: 2 }), variables)).not.toBeNull();
    expect(variables).toEqual({});
    expect(
      differs(http(200, { id: '$ID', again: '$ID' }), http(200, { id: 'y', again: 'y' }), variables),
    ).toBeNull();
    expect(variables).toEqual({ ID: 'y' });
  });

  test('a status', () => {
    expect(differs(http(200, {}), http(404, {}), {})).toMatch(/^status 404 instead of 200/);
  });

  test('lines, in their order', () => {
    const shown = http(200, 'id: …\n…\ndata: {"a":…}');
    expect(differs(shown, http(200, 'id: 1\nx\ndata: {"a":1}'), {})).toBeNull();
    expect(differs(shown, http(200, 'data: {"a":1}\nid: 1'), {})).toMatch(/^there is no line data/);
  });
});
