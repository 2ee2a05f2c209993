import { expect, test } from 'vitest';
import { checkJson } from './json-check.ts';

const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['url'],
  properties: {
    url: { type: 'string', title: 'URL' },
    insecure: { type: 'boolean', default: false },
    interface: { type: 'string', enum: ['public', 'admin'] },
    nested: { type: 'object', properties: { port: { type: 'integer', minimum: 1 } } },
  },
};

test.for([
  [{ url: 'https://vc' }, []],
  [{}, [{ field: 'url', message: 'is missing' }]],
  [{ url: 'x', port: 1 }, [{ field: 'port', message: 'is unknown' }]],
  [{ url: 'x', insecure: 'true' }, [{ field: 'insecure', message: 'must be boolean' }]],
  [{ url: 'x', interface: 'secret' }, [{ field: 'interface', message: 'must be one of: public, admin' }]],
  [{ url: 'x', nested: { port: 0 } }, [{ field: 'nested.port', message: 'must be >= 1' }]],
] as const)('%j: %j', ([value, faults]) => {
  expect(checkJson(schema, value)).toEqual(faults);
});

test('a schema that asks for nothing finds nothing', () => {
  expect(checkJson({}, { anything: 1 })).toEqual([]);
});

test('what was given is never repeated', () => {
  const faults = checkJson({ properties: { password: { type: 'number' } } }, { password: 'geheim' });
  expect(faults).toHaveLength(1);
  expect(JSON.stringify(faults)).not.toContain('geheim');
});
