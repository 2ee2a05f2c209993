import { expect, test } from 'vitest';
import { readBoot } from './boot.ts';

test('a page without a block is one that guts-api serves', () => {
  expect(readBoot(null)).toMatchObject({ mode: 'alone', base: '/dashboard/', api: '' });
  expect(readBoot('  ')).toMatchObject({ mode: 'alone' });
});

test('what Horizon says is taken', () => {
  const csrf = { header: 'X-CSRFToken', token: 't' };
  const boot = readBoot(JSON.stringify({ mode: 'horizon', base: '/project/guts', api: '/guts/api', csrf }));
  expect(boot).toMatchObject({
    mode: 'horizon',
    base: '/project/guts/',
    api: '/guts/api',
    csrf,
    region: null,
  });
});

test('what is no configuration is not guessed at', () => {
  expect(() => readBoot('{"mode":"other"}')).toThrow('no known mode');
  expect(() => readBoot('5')).toThrow('no object');
  expect(() => readBoot('{')).toThrow('JSON');
});
