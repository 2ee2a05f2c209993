import fc from 'fast-check';
import type { Schema } from './document.ts';
import { MOMENTS, oddJson, oddText, withField } from './odd.ts';

/** What is there already for a field of that name to name; null: nothing is known of it. */
export type Hint = (name: string, schema: Schema) => fc.Arbitrary<unknown> | null;

/** How often in a hundred an optional field is given, and a known value instead of any that fits. */
const OPTIONAL = 10;
const KNOWN = 90;

const PLAIN = fc.string({
  unit: fc.constantFrom(...'abcdefghij0123456789-'.split('')),
  minLength: 2,
  maxLength: 12,
});
const codePoints = (text: string): number => Array.from(text).length;

function text(schema: Schema): fc.Arbitrary<string> {
  const { pattern, format, minLength = 0, maxLength = 400 } = schema;
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern));
  if (format === 'date-time') return fc.constantFrom(...MOMENTS);
  const fits = (one: string): boolean => codePoints(one) >= minLength && codePoints(one) <= maxLength;
  return fc.oneof(
    { weight: 3, arbitrary: PLAIN.filter(fits) },
    { weight: 1, arbitrary: oddText.filter(fits) },
  );
}

function integer({ minimum, maximum }: Schema): fc.Arbitrary<number> {
  const min = minimum ?? Number.MIN_SAFE_INTEGER;
  const max = maximum ?? Number.MAX_SAFE_INTEGER;
  // Beyond what is exact, a number without a fraction is an integer, too (JSON Schema, section 4.2.3).
  const huge = maximum === undefined ? [1e21, 1e300] : [];
  return fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max, ...huge));
}

function object(schema: Schema, hint: Hint): fc.Arbitrary<unknown> {
  const { properties = {}, required = [], additionalProperties, minProperties = 0 } = schema;
  const fields = Object.entries(properties).map(([name, of]) =>
    fc.tuple(fc.nat(99), valid(of, hint, name)).map(([chance, value]) => {
      const given = required.includes(name) || chance < OPTIONAL;
      return { name, value, given };
    }),
  );
  const extra =
    typeof additionalProperties === 'object' ? valid(additionalProperties, hint, '') : fc.constant(null);
  const extras =
    additionalProperties === undefined || additionalProperties === false
      ? fc.constant([])
      : fc.array(fc.tuple(oddText, extra), { maxLength: 2 });
  return fc.tuple(fc.tuple(...fields), extras).map(([all, more]) => {
    const chosen = all.filter(({ given }) => given);
    const few = chosen.length < minProperties ? all.slice(0, minProperties) : chosen;
    const made = Object.fromEntries(few.map(({ name, value }) => [name, value]));
    return more.reduce((value, [key, one]) => withField(value, key, one), made);
  });
}

/** Values that a schema allows. @param name of the field that has it; empty: it is nobody's field */
export function valid(schema: Schema, hint: Hint, name = ''): fc.Arbitrary<unknown> {
  // Of a list each item is known, not the list.
  const known = name === '' || schema.type === 'array' ? null : hint(name, schema);
  const any = anyValid(schema, hint, name);
  return known ? fc.oneof({ weight: KNOWN, arbitrary: known }, { weight: 100 - KNOWN, arbitrary: any }) : any;
}

function anyValid(schema: Schema, hint: Hint, name: string): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map((one) => valid(one, hint, name)));
  switch (schema.type) {
    case 'string':
      return text(schema);
    case 'integer':
      return integer(schema);
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array': {
      const { items = {}, minItems = 0, maxItems = 3 } = schema;
      // Its items are known by the name of the list.
      return fc.array(valid(items, hint, name), { minLength: minItems, maxLength: Math.min(3, maxItems) });
    }
    case 'object':
      return object(schema, hint);
    default:
      return oddJson;
  }
}
