import {
  data,
  elements,
  element,
  escapeXml,
  refValue,
  str,
  sub,
  type Fields,
  type Ref,
  type Value,
} from './values.ts';

/** A vSphere fault: its type in urn:vim25, its message and its fields. */
export class VimFault extends Error {
  readonly code = 'vim_fault';
  readonly type: string;
  readonly fields: Fields;

  constructor(type: string, message: string, fields: Fields = {}) {
    super(message);
    this.name = 'VimFault';
    this.type = type;
    this.fields = fields;
  }

  /** The fault as TaskInfo.error and HttpNfcLease.error carry it. */
  localized(): Value {
    return data('LocalizedMethodFault', {
      fault: sub(this.type, this.fields),
      localizedMessage: str(this.message),
    });
  }
}

export const notAuthenticated = (object: Ref): VimFault =>
  new VimFault('NotAuthenticated', 'The session is not authenticated.', {
    object: refValue(object),
    privilegeId: str('System.View'),
  });

export const invalidArgument = (property: string): VimFault =>
  new VimFault('InvalidArgument', `A specified parameter was not correct: ${property}`, {
    invalidProperty: str(property),
  });

export const gone = (ref: Ref): VimFault =>
  new VimFault(
    'ManagedObjectNotFound',
    `The object 'vim.${ref.type}:${ref.id}' has already been deleted or has not been completely created`,
    { obj: refValue(ref) },
  );

export const fileFault = (file: string, message: string): VimFault =>
  new VimFault('FileFault', message, { file: str(file) });

const SPACES =
  'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" ' +
  'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';

/** An envelope around a body already written. */
export function envelope(body: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<soapenv:Envelope ${SPACES}>\n<soapenv:Body>\n${body}\n</soapenv:Body>\n</soapenv:Envelope>`;
}

/** The answer of a method; `undefined` for one that returns nothing. */
export function response(method: string, value: Value | undefined): string {
  const inner = value === undefined ? '' : element('returnval', value);
  return envelope(`<${method}Response xmlns="urn:vim25">${inner}</${method}Response>`);
}

export function faultEnvelope(fault: VimFault): string {
  const detail = `<${fault.type}Fault xmlns="urn:vim25" xsi:type="${fault.type}">${elements(fault.fields)}</${fault.type}Fault>`;
  return envelope(
    `<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>${escapeXml(fault.message)}</faultstring><detail>${detail}</detail></soapenv:Fault>`,
  );
}
