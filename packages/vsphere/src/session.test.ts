import { describe, expect, test } from 'vitest';
import { ProtocolError } from './errors.ts';
import { sdkUrl } from './session.ts';

describe('the address of a vCenter', () => {
  test.for([
    ['vc.example.org', 'https://vc.example.org/sdk'],
    ['https://vc.example.org/', 'https://vc.example.org/sdk'],
    ['https://[::1]:8443/sdk/?x#y', 'https://[::1]:8443/sdk'],
  ] as const)('%s', ([text, url]) => {
    expect(sdkUrl(text).href).toBe(url);
  });
  test.for([
    'https://admin:hunter2@vc',
    'http://admin:hunter2@vc',
    'admin:hunter2@vc',
    'https://hunter2@vc',
    'https://admin:hunter2@:x',
    'admin:hunter2://@vc',
    'https://admin:hunter2/@vc',
    'https://admin:hunter2 oh@vc',
    'ftp://admin:hunter2#@vc',
    'http://vc/hunter2',
  ])('%s is refused, and not repeated', (text) => {
    const refused = (): URL => sdkUrl(text);
    expect(refused).toThrow(ProtocolError);
    expect(refused).not.toThrow(/hunter2/);
  });
});
