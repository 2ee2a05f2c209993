/** Careful reading of request bodies: every accessor answers 400 with the field's name when the type is wrong. */
import { badRequest } from './api-error.ts';

export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object under `key`, as in `{"server": {...}}`. */
export function objectIn(body: unknown, key: string): JsonObject {
  const value = isObject(body) ? body[key] : undefined;
  if (!isObject(value)) throw badRequest(`Invalid input for field/attribute ${key}: an object is required.`);
  return value;
}

/** Text under `key`; undefined where the field is absent or null. */
export function textIn(object: JsonObject, key: string): string | undefined {
  const value = object[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw badRequest(`Invalid input for field/attribute ${key}: not a string.`);
  return value;
}

/** As {@link textIn}, of at most 255 characters, as the services' databases hold. */
export function shortText(object: JsonObject, key: string): string | undefined {
  const value = textIn(object, key);
  const { length } = Array.from(value ?? '');
  if (length > 255)
    throw badRequest(
      `Invalid input for field/attribute ${key}: ${key} has ${length} characters, more than 255.`,
    );
  return value;
}

export function requiredText(object: JsonObject, key: string): string {
  const value = textIn(object, key);
  if (value === undefined || value === '') throw badRequest(`'${key}' is a required property`);
  return value;
}

/** Whole number under `key`; digits in a string count, as the real services accept them. */
export function integerIn(object: JsonObject, key: string): number | undefined {
  const value = object[key];
  if (value === undefined || value === null) return undefined;
  const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isSafeInteger(number))
    throw badRequest(`Invalid input for field/attribute ${key}: not an integer.`);
  return number;
}

/** True or false under `key`; the words the real services take for them count too. */
export function flagIn(object: JsonObject, key: string): boolean | undefined {
  const value = object[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'boolean') return value;
  const word = typeof value === 'string' || typeof value === 'number' ? String(value).toLowerCase() : '';
  if (['true', '1', 'yes', 'on'].includes(word)) return true;
  if (['false', '0', 'no', 'off'].includes(word)) return false;
  throw badRequest(`Invalid input for field/attribute ${key}: not a boolean.`);
}

export function listIn(object: JsonObject, key: string): unknown[] | undefined {
  const value = object[key];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw badRequest(`Invalid input for field/attribute ${key}: not a list.`);
  return value as unknown[];
}

export function objectsIn(object: JsonObject, key: string): JsonObject[] | undefined {
  return listIn(object, key)?.map((value) => {
    if (!isObject(value))
      throw badRequest(`Invalid input for field/attribute ${key}: not a list of objects.`);
    return value;
  });
}

export function textsIn(object: JsonObject, key: string): string[] | undefined {
  return listIn(object, key)?.map((value) => {
    if (typeof value !== 'string')
      throw badRequest(`Invalid input for field/attribute ${key}: not a list of strings.`);
    return value;
  });
}

/** Text by key, as in metadata. */
export function textMapIn(object: JsonObject, key: string): Record<string, string> | undefined {
  const value = object[key];
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw badRequest(`Invalid input for field/attribute ${key}: not an object.`);
  const map: Record<string, string> = {};
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== 'string')
      throw badRequest(`Invalid input for field/attribute ${key}.${name}: not a string.`);
    if (name.length > 255 || text.length > 255)
      throw badRequest(`Invalid input for field/attribute ${key}.${name}: longer than 255 characters.`);
    map[name] = text;
  }
  return map;
}
