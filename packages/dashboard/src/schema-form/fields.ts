/** The part of JSON Schema that drivers describe their settings with. */
interface Property {
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly pattern?: string;
  readonly examples?: readonly unknown[];
  readonly writeOnly?: boolean;
}
interface ObjectSchema {
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Property>>;
}

/** One field of a form. */
export interface Field {
  readonly key: string;
  readonly kind: 'text' | 'long' | 'secret' | 'choice' | 'boolean' | 'number';
  readonly label: string;
  readonly help: string | null;
  readonly required: boolean;
  readonly choices: readonly string[];
  /** What holds when it is left as it is; null: nothing. */
  readonly preset: string | boolean | null;
  readonly pattern: string | null;
  /** What fits the pattern, where the help is none. */
  readonly example: string | null;
  /** Shown on demand: what few installations need. */
  readonly rare: boolean;
}

export type Values = Readonly<Record<string, string | boolean>>;

const RARE =
  /_endpoint_override$|_id$|_credential_|^(?:auth_type|interface|volume_access|horizon_url|ca|insecure)$/;
/** Texts of several lines. */
const LONG = /\bPEM\b/;

/** The fields of a schema, those that are needed first, each group in the schema's order. */
export function fieldsOf(schema: unknown): readonly Field[] {
  const { properties = {}, required = [] } = (schema ?? {}) as ObjectSchema;
  const fields = Object.entries(properties).map(([key, property]) =>
    toField(key, property, required.includes(key)),
  );
  return [...fields.filter((field) => field.required), ...fields.filter((field) => !field.required)];
}

function toField(key: string, property: Property, required: boolean): Field {
  const {
    title,
    description = null,
    enum: choices = [],
    pattern = null,
    examples: [example] = [],
  } = property;
  return {
    key,
    kind: kindOf(property),
    label: title ?? labelOf(key),
    help: description,
    required,
    choices,
    preset:
      typeof property.default === 'string' || typeof property.default === 'boolean' ? property.default : null,
    pattern,
    example: typeof example === 'string' ? example : null,
    rare: !required && RARE.test(key),
  };
}

function kindOf({ type, enum: choices, writeOnly, description = '' }: Property): Field['kind'] {
  if (writeOnly) return 'secret';
  if (choices) return 'choice';
  if (type === 'boolean') return 'boolean';
  if (type === 'integer' || type === 'number') return 'number';
  return LONG.test(description) ? 'long' : 'text';
}

function labelOf(key: string): string {
  const words = key.replaceAll('_', ' ');
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}

/** What was typed, as the API takes it: what was left empty is left out. */
export function settingsOf(fields: readonly Field[], values: Values): Record<string, unknown> {
  return Object.fromEntries(
    fields.flatMap(({ key, kind, preset }): [string, unknown][] => {
      const value = values[key];
      if (value === undefined || value === '' || (value === preset && kind === 'boolean')) return [];
      if (typeof value === 'boolean') return [[key, value]];
      const trimmed = kind === 'secret' ? value : value.trim();
      return trimmed === '' ? [] : [[key, kind === 'number' ? Number(trimmed) : trimmed]];
    }),
  );
}

/** Settings as a form shows them. */
export function valuesOf(fields: readonly Field[], settings: Readonly<Record<string, unknown>>): Values {
  return Object.fromEntries(
    fields.flatMap(({ key }) => {
      const value = settings[key];
      if (typeof value === 'boolean' || typeof value === 'string') return [[key, value]];
      return typeof value === 'number' ? [[key, String(value)]] : [];
    }),
  );
}

export type Fault = 'required' | 'pattern';

/** What is wrong with what was typed, by field. @param keeps a secret that is left empty stays as it is */
export function faultsOf(
  fields: readonly Field[],
  values: Values,
  keeps = false,
): Readonly<Record<string, Fault>> {
  return Object.fromEntries(
    fields.flatMap((field): [string, Fault][] => {
      const value = values[field.key];
      const given = typeof value === 'string' ? value.trim() : value;
      if (given === undefined || given === '')
        return field.required && !(keeps && field.kind === 'secret') ? [[field.key, 'required']] : [];
      if (field.pattern !== null && typeof given === 'string' && !new RegExp(field.pattern, 'u').test(given))
        return [[field.key, 'pattern']];
      return [];
    }),
  );
}
