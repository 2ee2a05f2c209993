import type { CloudConfig } from '@guts/openstack';
import { expect, test } from 'vitest';
import { readSettings, SCHEMAS, toEndpointConfig } from './settings.ts';

const CLOUD: CloudConfig = {
  authUrl: 'https://keystone/v3',
  auth: { type: 'password', user: { name: 'u', domain: { id: 'default' } }, password: 'p' },
  project: { name: 'one', domain: { name: 'Own' } },
  region: 'r',
  interface: 'internal',
  tls: { ca: 'PEM', fingerprint: 'aa' },
  endpointOverrides: { image: 'https://image', 'block-storage': 'https://volume/v3' },
};

test.for<[string, Partial<CloudConfig>]>([
  ['with everything', {}],
  ['without what may be left out', { region: null, tls: {}, endpointOverrides: {} }],
  ['by token', { auth: { type: 'token', token: 't' } }],
])('a cloud %s is the same again when it has been a destination', ([, more]) => {
  const cloud = { ...CLOUD, ...more };
  const config = toEndpointConfig(cloud, 'device');
  expect(readSettings(config)).toEqual({ cloud, volumeAccess: 'device' });
  const known = Object.keys(SCHEMAS.settings['properties'] as object);
  expect(known).toEqual(expect.arrayContaining(Object.keys(config.settings)));
});

test('where nothing is said of volumes, it is tried whether they are reached', () => {
  const { settings, secret } = toEndpointConfig(CLOUD, 'image');
  const { volume_access: _, ...rest } = settings;
  expect(readSettings({ settings: rest, secret }).volumeAccess).toBe('auto');
});

test.for([
  ['https://horizon.example.org', true],
  ['HTTP://[2001:db8::1]:8080/horizon/', true],
  ['horizon.example.org', false],
  ['javascript://a/%0aalert(1)', false],
  ['https://user:secret@horizon.example.org', false],
  ['https://horizon.example.org/?next=x', false],
] as const)('%s as the address of Horizon: %s', ([url, good]) => {
  const { horizon_url: schema } = SCHEMAS.settings['properties'] as Record<string, { pattern: string }>;
  expect(new RegExp(schema?.pattern ?? '', 'u').test(url)).toBe(good);
});

test('the address of Horizon is nothing that the cloud is reached by', () => {
  const { settings, secret } = toEndpointConfig(CLOUD, 'device');
  const more = { ...settings, horizon_url: 'https://horizon.example.org' };
  expect(readSettings({ settings: more, secret })).toEqual({ cloud: CLOUD, volumeAccess: 'device' });
});

test('an endpoint that is no URL is refused', () => {
  const config = toEndpointConfig({ ...CLOUD, endpointOverrides: { image: 'ftp://image' } }, 'image');
  expect(() => readSettings(config)).toThrow(/image_endpoint_override/);
});
