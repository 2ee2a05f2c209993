import type { ManagedRef } from './element.ts';

/** A structure: its elements in the order of the schema's sequence; undefined ones are left out. */
export interface Structure {
  /** `xsi:type`, where the schema's type is only a base. */
  readonly xsiType?: string;
  readonly fields: readonly (readonly [string, Value | undefined])[];
}
/** What may be sent. A list is written as repeated elements. */
export type Value =
  string | number | bigint | boolean | { readonly ref: ManagedRef } | Structure | readonly Value[];

/** Shorthand for a structure. */
export function struct(fields: Structure['fields'], xsiType?: string): Structure {
  return xsiType === undefined ? { fields } : { fields, xsiType };
}

/** XML 1.0 section 2.2: some characters cannot be written at all, not even escaped. */
function fitsXml(text: string): boolean {
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d) return false;
    if ((code >= 0xd800 && code <= 0xdfff) || code === 0xfffe || code === 0xffff) return false;
  }
  return true;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  // A bare carriage return would be read back as a line feed.
  '\r': '&#13;',
};

/** @throws TypeError when XML cannot hold the text */
export function escapeXml(text: string): string {
  if (!fitsXml(text)) throw new TypeError('the text has characters that XML cannot hold');
  return text.replaceAll(/[&<>"\r]/g, (character) => ESCAPES[character] ?? character);
}

/** One element, or for a list as many as it has. */
export function element(name: string, value: Value): string {
  if (typeof value !== 'object') return `<${name}>${escapeXml(String(value))}</${name}>`;
  if ('ref' in value)
    return `<${name} type="${escapeXml(value.ref.type)}">${escapeXml(value.ref.value)}</${name}>`;
  if ('fields' in value) {
    const type = value.xsiType === undefined ? '' : ` xsi:type="${escapeXml(value.xsiType)}"`;
    return `<${name}${type}>${fieldsXml(value.fields)}</${name}>`;
  }
  return value.map((one) => element(name, one)).join('');
}

function fieldsXml(fields: Structure['fields']): string {
  return fields.map(([field, one]) => (one === undefined ? '' : element(field, one))).join('');
}

/** A SOAP 1.1 request of the vim25 API. */
export function envelope(method: string, self: ManagedRef, fields: Structure['fields']): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>' +
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"' +
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">' +
    `<soapenv:Body><${method} xmlns="urn:vim25">${element('_this', { ref: self })}${fieldsXml(fields)}</${method}>` +
    '</soapenv:Body></soapenv:Envelope>'
  );
}
