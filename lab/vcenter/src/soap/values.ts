/**
 * Values of the vSphere type system and their XML. A data object carries xsi:type only where the schema's declared
 * type is wider than its own (`sub`) or is xsd:anyType (`any`), which is how a vCenter writes it.
 */

export interface Ref {
  readonly type: string;
  readonly id: string;
}

export type Fields = Readonly<Record<string, Value | undefined>>;

export type Value =
  | { readonly kind: 'scalar'; readonly type: string; readonly text: string }
  | { readonly kind: 'enum'; readonly type: string; readonly text: string }
  | { readonly kind: 'ref'; readonly ref: Ref }
  | { readonly kind: 'data'; readonly type: string; readonly derived: boolean; readonly fields: Fields }
  | { readonly kind: 'list'; readonly of: string; readonly items: readonly Value[] }
  | { readonly kind: 'any'; readonly value: Value };

export const str = (text: string): Value => ({ kind: 'scalar', type: 'string', text });
export const bool = (on: boolean): Value => ({ kind: 'scalar', type: 'boolean', text: String(on) });
export const int = (n: number): Value => ({ kind: 'scalar', type: 'int', text: String(n) });
export const short = (n: number): Value => ({ kind: 'scalar', type: 'short', text: String(n) });
export const long = (n: number | bigint): Value => ({ kind: 'scalar', type: 'long', text: String(n) });
export const time = (at: Date): Value => ({ kind: 'scalar', type: 'dateTime', text: at.toISOString() });
export const enumeration = (type: string, text: string): Value => ({ kind: 'enum', type, text });
export const refValue = (ref: Ref): Value => ({ kind: 'ref', ref });
/** A data object of exactly the declared type. */
export const data = (type: string, fields: Fields): Value => ({ kind: 'data', type, derived: false, fields });
/** A data object of a type derived from the declared one. */
export const sub = (type: string, fields: Fields): Value => ({ kind: 'data', type, derived: true, fields });
export const list = (of: string, items: readonly Value[]): Value => ({ kind: 'list', of, items });
export const refs = (items: readonly Ref[]): Value => list('ManagedObjectReference', items.map(refValue));
/** A value whose declared type is xsd:anyType. */
export const any = (value: Value): Value => ({ kind: 'any', value });

/** Text made safe for XML 1.0; characters that XML cannot carry become U+FFFD. */
export function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '\u{FFFD}')
    .replace(/[&<>"\r]/g, (c) => ESCAPES[c] ?? c);
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
};

/** Writes one element; a list becomes repeated elements, or an ArrayOf… where the declared type is anyType. */
export function element(name: string, value: Value, atAny = false): string {
  switch (value.kind) {
    case 'any':
      return element(name, value.value, true);
    case 'scalar':
      return open(name, atAny ? `xsd:${value.type}` : undefined) + `${escapeXml(value.text)}</${name}>`;
    case 'enum':
      return open(name, atAny ? value.type : undefined) + `${escapeXml(value.text)}</${name}>`;
    case 'ref': {
      const typed = atAny ? ' xsi:type="ManagedObjectReference"' : '';
      return `<${name} type="${escapeXml(value.ref.type)}"${typed}>${escapeXml(value.ref.id)}</${name}>`;
    }
    case 'data':
      return (
        open(name, atAny || value.derived ? value.type : undefined) + `${elements(value.fields)}</${name}>`
      );
    default:
      return writeList(name, value.of, value.items, atAny);
  }
}

/** Writes fields in their order, leaving out what is undefined. */
export function elements(fields: Fields): string {
  let out = '';
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) out += element(name, value);
  return out;
}

function writeList(name: string, of: string, items: readonly Value[], atAny: boolean): string {
  if (!atAny) return items.map((item) => element(name, item, of === 'anyType')).join('');
  const arrayName = `ArrayOf${of.charAt(0).toUpperCase()}${of.slice(1)}`;
  return open(name, arrayName) + `${items.map((item) => element(of, item)).join('')}</${name}>`;
}

function open(name: string, type: string | undefined): string {
  return type === undefined ? `<${name}>` : `<${name} xsi:type="${type}">`;
}

/** What a dotted property path leads to inside a value; undefined where it leads nowhere. */
export function follow(value: Value | undefined, path: readonly string[]): Value | undefined {
  let at = value;
  for (const part of path) {
    if (at === undefined) return undefined;
    if (at.kind === 'any') at = at.value;
    if (at.kind !== 'data') return undefined;
    const keyed = /^([^[]+)\[(?:"([^"]*)"|([^\]]*))\]$/.exec(part);
    if (keyed === null) {
      at = at.fields[part];
      continue;
    }
    at = byKey(at.fields[keyed[1] ?? ''], keyed[2] ?? keyed[3] ?? '');
  }
  return at;
}

function byKey(value: Value | undefined, key: string): Value | undefined {
  if (value?.kind !== 'list') return undefined;
  return value.items.find((item) => {
    if (item.kind !== 'data') return false;
    const own = item.fields['key'];
    return own?.kind === 'scalar' && own.text === key;
  });
}

/** The references held by a value, for traversal. */
export function refsIn(value: Value | undefined): readonly Ref[] {
  if (value === undefined) return [];
  if (value.kind === 'ref') return [value.ref];
  if (value.kind === 'any') return refsIn(value.value);
  if (value.kind === 'list') return value.items.flatMap((item) => refsIn(item));
  return [];
}
