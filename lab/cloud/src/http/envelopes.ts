/** The error bodies of each service, as its real one sends them (seen on the Zed lab). */
import { STATUS_CODES } from 'node:http';
import type { ApiError } from './api-error.ts';
import type { Reply } from './service.ts';

/** What keystonemiddleware answers in front of every service, and Keystone itself. */
export function keystoneEnvelope(error: ApiError): Reply {
  const title = STATUS_CODES[error.status] ?? 'Error';
  return {
    status: error.status,
    headers: error.headers,
    json: { error: { code: error.status, message: error.message, title } },
  };
}

const FAULT_NAMES: Readonly<Record<number, string>> = {
  400: 'badRequest',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'itemNotFound',
  405: 'badMethod',
  409: 'conflictingRequest',
  413: 'overLimit',
  415: 'badMediaType',
  429: 'overLimit',
  501: 'notImplemented',
  503: 'serviceUnavailable',
};

/** Nova's and Cinder's form: the fault's name is the key; names outside the list become `computeFault`. */
export function faultEnvelope(error: ApiError): Reply {
  const name = FAULT_NAMES[error.status] ?? 'computeFault';
  const retryAfter = error.headers['Retry-After'];
  const fault = {
    code: error.status,
    message: error.message,
    ...(retryAfter !== undefined && { retryAfter }),
  };
  return { status: error.status, headers: error.headers, json: { [name]: fault } };
}

export function neutronEnvelope(error: ApiError): Reply {
  return {
    status: error.status,
    headers: error.headers,
    json: { NeutronError: { type: error.code, message: error.message, detail: '' } },
  };
}

/** Glance answers HTML unless the client asks for JSON and not for HTML: webob's choice by `Accept`. */
export function glanceEnvelope(error: ApiError, accept: string): Reply {
  const title = STATUS_CODES[error.status] ?? 'Error';
  const wantsHtml = accept === '' || accept.includes('*/*') || accept.includes('text/html');
  if (!wantsHtml && accept.includes('application/json'))
    return {
      status: error.status,
      headers: error.headers,
      json: { message: `${error.message}<br /><br />\n\n\n`, code: `${error.status} ${title}`, title },
    };
  const page = (text: string): string =>
    `<html>\n <head>\n  <title>${error.status} ${title}</title>\n </head>\n <body>\n  <h1>${error.status} ${title}</h1>\n  ${text}<br /><br />\n\n\n\n </body>\n</html>`;
  const escaped = error.message.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return {
    status: error.status,
    headers: { ...error.headers, 'Content-Type': 'text/html; charset=UTF-8' },
    text: page(escaped),
  };
}
