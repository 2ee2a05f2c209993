import { expect, test } from 'vitest';
import { nearest } from './nearest.ts';

const KNOWN = ['slots', 'listen_port', 'listen_host', 'lease_seconds'];

test.each([
  ['slot', 'slots'],
  ['Listen-Port', 'listen_port'],
  ['listen_prot', 'listen_port'],
  ['leaseseconds', 'lease_seconds'],
  ['bandwidth', null],
  ['', null],
])('%s', (given, meant) => expect(nearest(given, KNOWN)).toBe(meant));
