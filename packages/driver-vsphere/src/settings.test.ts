import { describe, expect, test } from 'vitest';
import { readSettings, SCHEMAS } from './settings.ts';

const { pattern } = (SCHEMAS.settings['properties'] as { url: { pattern: string } }).url;
const matches = (url: string): boolean => new RegExp(pattern, 'u').test(url);
const read = (url: string) => readSettings({ settings: { url, username: 'u@d' }, secret: { password: 'p' } });

describe('the URL of a source', () => {
  test.for([
    'vc.example.org',
    'https://vc.example.org',
    'HTTPS://vc.example.org:8443/sdk',
    'https://[2001:db8::1]:443/sdk/',
    '192.0.2.1:443',
  ])('%s fits the schema and the driver', (url) => {
    expect(matches(url)).toBe(true);
    expect(read(url).url).toBe(url);
  });
  test.for([
    'https://user:secret@vc',
    'http://user:secret@vc',
    'user:secret@vc',
    'secret@vc',
    'https://user:sec/ret@vc',
    'https://user:sec?ret@vc',
    'https://user:sec ret@vc',
    'http://vc.example.org',
    'https://vc:port',
    '',
  ])('%s fits neither, and is not repeated', (url) => {
    expect(matches(url)).toBe(false);
    expect(() => read(url)).toThrow(expect.objectContaining({ code: 'bad_request' }) as Error);
    expect(() => read(url)).not.toThrow(/secret|sec.ret/);
  });
});
