import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plainRange } from './range-head.ts';

const wanted = { offset: 4096, length: 100 };
const head = (...lines: string[]): string => ['HTTP/1.1 206 Partial Content', ...lines].join('\r\n');
const range = 'Content-Range: bytes 4096-4195/1000000';
const length = 'Content-Length: 100';

test('an answer with exactly the bytes that were asked for is plain', () => {
  expect(plainRange(head(length, range, 'Date: today'), wanted)).toBe('plain');
  expect(plainRange(head('content-length:100', 'CONTENT-RANGE:  bytes 4096-4195/* '), wanted)).toBe('plain');
  expect(plainRange(head(length, range, 'Set-Cookie: a', 'Set-Cookie: b'), wanted)).toBe('plain');
  expect(plainRange(head(length, range, 'Connection: close'), wanted)).toBe('last');
});

describe('what is not plain is left to a client that knows it all', () => {
  test.for([
    ['another status', `HTTP/1.1 200 OK\r\n${length}`],
    ['another protocol', `HTTP/1.0 206 Partial Content\r\n${length}\r\n${range}`],
    ['no length', head(range)],
    ['another length', head('Content-Length: 99', range)],
    ['a length that is none', head('Content-Length: 0x64', range)],
    ['two lengths', head(length, 'content-length: 100', range)],
    ['no range', head(length)],
    ['another range', head(length, 'Content-Range: bytes 0-99/1000000')],
    ['a range in other units', head(length, 'Content-Range: lines 4096-4195/1000000')],
    ['chunks', head(length, range, 'Transfer-Encoding: chunked')],
    ['an encoding', head(length, range, 'Content-Encoding: gzip')],
    ['a folded line', head(length, range, ' more: of it')],
    ['a blank before the colon', head('Content-Length : 100', range)],
    ['a line without a colon', head(length, range, 'what')],
  ] as const)('%s', ([, text]) => {
    expect(plainRange(text, wanted)).toBeNull();
  });

  test('and so is whatever else a server may say', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.string(), { maxLength: 5 }), (status, lines) => {
        expect(plainRange([status, ...lines].join('\r\n'), wanted)).toBeNull();
      }),
    );
  });
});
