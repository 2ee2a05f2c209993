import { expect, test } from 'vitest';
import { framingOf } from './answer-head.ts';

const head = (...lines: string[]): string => ['HTTP/1.1 200 OK', ...lines].join('\r\n');

test('how a body ends is told by its length, by chunks, or by the connection', () => {
  expect(framingOf(head('Content-Length: 100', 'Date: today'))).toBe(100);
  expect(framingOf(head('transfer-encoding:Chunked'))).toBe('chunked');
  expect(framingOf(head('Connection: close'))).toBe('close');
  expect(framingOf('HTTP/1.1 200')).toBe('close');
});

test.for([
  ['another status', 'HTTP/1.1 2000 OK\r\nContent-Length: 1'],
  ['a refusal', 'HTTP/1.1 404 Not Found\r\nContent-Length: 1'],
  ['another protocol', 'HTTP/1.0 200 OK\r\nContent-Length: 1'],
  ['a length that is none', head('Content-Length: 1a')],
  ['two lengths', head('Content-Length: 1', 'Content-Length: 1')],
  ['a length and chunks', head('Content-Length: 1', 'Transfer-Encoding: chunked')],
  ['another coding', head('Transfer-Encoding: gzip, chunked')],
  ['an encoding', head('Content-Length: 1', 'Content-Encoding: gzip')],
  ['a folded line', head('Content-Length: 1', ' 2')],
])('%s is left to a client that knows it all', ([, text = '']) => {
  expect(framingOf(text)).toBeNull();
});
