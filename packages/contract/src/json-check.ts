import Value from 'typebox/value';

/** One thing that is wrong with a value; never the value itself, which may be a secret. */
export interface JsonFault {
  /** Dotted path of the field; empty for the value itself. */
  readonly field: string;
  readonly message: string;
}

/**
 * Checks a value against a JSON Schema, such as a driver publishes for its settings. No value is coerced.
 * @returns what is wrong, the field that is unknown or missing first; empty when nothing is
 */
export function checkJson(schema: Readonly<Record<string, unknown>>, value: unknown): readonly JsonFault[] {
  return Value.Errors(schema, value).flatMap((fault): JsonFault[] => {
    const field = fault.instancePath.slice(1).replaceAll('/', '.');
    const at = (name: string): string => (field === '' ? name : `${field}.${name}`);
    switch (fault.keyword) {
      case 'required':
        return fault.params.requiredProperties.map((name) => ({ field: at(name), message: 'is missing' }));
      case 'additionalProperties':
        return fault.params.additionalProperties.map((name) => ({ field: at(name), message: 'is unknown' }));
      case 'boolean':
        return []; // said by additionalProperties
      case 'enum':
        return [{ field, message: `must be one of: ${fault.params.allowedValues.join(', ')}` }];
      default:
        return [{ field, message: fault.message }];
    }
  });
}
