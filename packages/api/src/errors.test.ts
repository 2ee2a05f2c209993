import { SILENT_LOG } from '@guts/core';
import { expect, test } from 'vitest';
import { explain } from './errors.ts';

const MUST = 'must have required property';

test.for([
  ['querystring', '', { missingProperty: 'source' }, 'query.source', 'query lacks "source"'],
  [
    'body',
    '/mapping',
    { additionalProperty: 'nets' },
    'body.mapping.nets',
    'body.mapping has no field "nets"',
  ],
  ['body', '/networks/a~1b~0c', {}, 'body.networks.a/b~c', `body.networks.a/b~c ${MUST}`],
  ['params', '/id', {}, 'path.id', `path.id ${MUST}`],
  ['body', '/mode', { allowedValues: ['cold', 'warm'] }, 'body.mode', `body.mode ${MUST}: cold, warm`],
] as const)(
  'what is wrong in %s%s with %j is %s: %s',
  ([validationContext, instancePath, params, field, message]) => {
    const failure = { validationContext, validation: [{ instancePath, params, message: MUST }] };
    expect(explain(failure, SILENT_LOG)).toMatchObject({
      status: 400,
      error: { code: 'bad_request', field, message },
    });
  },
);
