import { expect, test } from 'vitest';
import { namesSource, sourceName } from './source-name.ts';

test.for([
  'https://vc.example.org',
  'https://vc.example.org/',
  'https://vc.example.org:443',
  'HTTPS://VC.Example.ORG:443/sdk/',
  'vc.example.org',
])('%s is one and the same source', (address) => {
  expect(sourceName(address)).toBe('https://vc.example.org');
  expect(namesSource(address, 'https://vc.example.org')).toBe(true);
});

test.for([
  ['https://vc.example.org:8443/', 'https://vc.example.org:8443'],
  ['https://vc.example.org/Lab/sdk/', 'https://vc.example.org/Lab/sdk'],
  ['https://[FE80::0:1]:443/', 'https://[fe80::1]'],
])('%s is another: %s', ([address, name]) => {
  expect(sourceName(address ?? '')).toBe(name);
  expect(namesSource(address ?? '', 'https://vc.example.org')).toBe(false);
});

test('a name that is no address names no source', () => {
  expect(namesSource('no address', 'https://vc.example.org')).toBe(false);
});
