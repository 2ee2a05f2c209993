import { describe, expect, test } from 'vitest';
import { faultsOf, fieldsOf, settingsOf, valuesOf } from './fields.ts';

const SCHEMA = {
  type: 'object',
  required: ['url'],
  properties: {
    insecure: { type: 'boolean', title: 'Trust any certificate', default: false },
    url: { type: 'string', title: 'URL', description: 'https://example.org', pattern: '^https://' },
    user_domain_name: { type: 'string' },
    ca: { type: 'string', title: 'Authority', description: 'PEM text of the authorities to trust' },
    interface: { type: 'string', enum: ['public', 'internal'], default: 'public' },
    horizon_url: { type: 'string', description: 'A page', examples: ['https://example.org', 5] },
    retries: { type: 'integer' },
    password: { type: 'string', writeOnly: true },
    compute_endpoint_override: { type: 'string' },
  },
};
const fields = fieldsOf(SCHEMA);
const byKey = (key: string) => fields.find((field) => field.key === key);

describe('fields of a schema', () => {
  test('what is needed comes first', () => {
    expect(fields.map(({ key }) => key)[0]).toBe('url');
  });

  test('each has its kind, its words and its place', () => {
    expect(fields.map(({ key, kind, rare }) => [key, kind, rare])).toEqual([
      ['url', 'text', false],
      ['insecure', 'boolean', true],
      ['user_domain_name', 'text', false],
      ['ca', 'long', true],
      ['interface', 'choice', true],
      ['horizon_url', 'text', true],
      ['retries', 'number', false],
      ['password', 'secret', false],
      ['compute_endpoint_override', 'text', true],
    ]);
    expect(byKey('user_domain_name')?.label).toBe('User domain name');
    expect([byKey('horizon_url')?.example, byKey('url')?.example]).toEqual(['https://example.org', null]);
    expect(byKey('interface')).toMatchObject({ choices: ['public', 'internal'], preset: 'public' });
  });

  test('a driver without settings has none', () => {
    expect(fieldsOf({})).toEqual([]);
    expect(fieldsOf(undefined)).toEqual([]);
  });
});

describe('what was typed', () => {
  test('is sent without what was left empty or is as it is anyway', () => {
    const values = {
      url: ' https://a ',
      insecure: false,
      user_domain_name: '  ',
      retries: '3',
      password: ' p ',
    };
    expect(settingsOf(fields, values)).toEqual({ url: 'https://a', retries: 3, password: ' p ' });
    expect(settingsOf(fields, { insecure: true })).toEqual({ insecure: true });
  });

  test('comes back into the form', () => {
    expect(valuesOf(fields, { url: 'https://a', insecure: true, retries: 3, other: 'x' })).toEqual({
      url: 'https://a',
      insecure: true,
      retries: '3',
    });
  });

  test('is told to be wrong by field', () => {
    expect(faultsOf(fields, {})).toEqual({ url: 'required' });
    expect(faultsOf(fields, { url: 'ftp://a' })).toEqual({ url: 'pattern' });
    expect(faultsOf(fields, { url: 'https://a' })).toEqual({});
  });

  test('a secret that is there already need not be typed again', () => {
    const secret = fieldsOf({ required: ['password'], properties: { password: { writeOnly: true } } });
    expect(faultsOf(secret, {})).toEqual({ password: 'required' });
    expect(faultsOf(secret, {}, true)).toEqual({});
  });
});
