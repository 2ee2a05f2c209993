import { allRoutes } from '@guts/contract';
import { openStore } from '@guts/store';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApi } from '../src/index.ts';
import { optionsFor } from './rig.ts';

interface Operation {
  operationId: string;
  summary: string;
  security?: unknown[];
  parameters?: { name: string; in: string; required?: boolean; schema: object }[];
  requestBody?: { content: Record<string, { schema: object }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>;
}
interface Document {
  openapi: string;
  info: { title: string; version: string };
  paths: Record<string, Record<string, Operation>>;
}
let document: Document;
const store = await openStore({ url: 'sqlite::memory:' });

beforeAll(async () => {
  const api = createApi(optionsFor(store, { version: '1.2.3' }));
  // As it is sent: what JSON leaves out is not there for a reader either.
  document = JSON.parse(JSON.stringify(await api.document())) as Document;
  await api.close();
});
afterAll(() => store.close());

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );

/** Every schema object in a value, with where it is. */
function walk(
  value: unknown,
  where: string,
  visit: (schema: Record<string, unknown>, where: string) => void,
): void {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) visit(value as Record<string, unknown>, where);
  for (const [key, inner] of Object.entries(value)) walk(inner, `${where}/${key}`, visit);
}

test('it is OpenAPI 3.1 with a title and a version', () => {
  expect(document.openapi).toBe('3.1.0');
  expect(document.info).toMatchObject({ title: 'GUTS', version: '1.2.3' });
});

test('it has every route of the contract, and the event stream, and nothing else', () => {
  const wanted = [...allRoutes].map(([name, route]) => {
    const { method, path, status, otherStatus = status, refusesUnsupported = false } = route;
    // A health check tells of a database that is away with a body of its own.
    const failures = [...(refusesUnsupported ? [501] : []), ...(name === 'health' ? [503] : [])];
    const statuses = [...new Set([status, otherStatus, ...failures])].toSorted((a, b) => a - b).join(' ');
    return [name, method.toLowerCase(), path.replaceAll(/:(\w+)/g, '{$1}'), statuses].join(' ');
  });
  const found = operations().map(({ path, method, operation }) =>
    [
      operation.operationId,
      method,
      path,
      ...Object.keys(operation.responses).filter((code) => code !== 'default'),
    ].join(' '),
  );
  expect(found.toSorted()).toEqual([...wanted, 'events.stream get /v1/events/stream 200'].toSorted());
});

test('operation ids are unique; every parameter of a path is described and required', () => {
  const ids = operations().map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { path, operation } of operations()) {
    const inPath = (operation.parameters ?? []).filter((one) => one.in === 'path');
    expect(inPath.map((one) => one.name).toSorted()).toEqual(
      [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '').toSorted(),
    );
    for (const one of inPath) expect(one.required).toBe(true);
    for (const one of operation.parameters ?? []) expect(one.schema).toBeTypeOf('object');
  }
});

test('every answer is described, errors too; a body is JSON and closed', () => {
  const answers = operations().flatMap(({ operation }) => Object.values(operation.responses));
  expect(answers.filter((answer) => !answer.description)).toEqual([]);
  for (const { operation } of operations())
    expect(operation.responses['default']?.content?.['application/json']?.schema).toMatchObject({
      required: ['error'],
    });
  const bodies = operations().flatMap(({ operation }) => operation.requestBody ?? []);
  expect(bodies.length).toBeGreaterThan(5);
  for (const { content } of bodies)
    expect(content['application/json']?.schema).toMatchObject({
      type: 'object',
      additionalProperties: false,
    });
});

test('schemas are JSON Schema 2020-12, without what 3.1 dropped; nothing refers to what is not there', () => {
  const types: unknown[] = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null', undefined];
  const faults: string[] = [];
  let visited = 0;
  walk(document.paths, '', (schema, where) => {
    visited += 1;
    if (where.endsWith('/properties')) return;
    const { type, required, properties } = schema;
    if ('nullable' in schema || '$ref' in schema) faults.push(`${where}: nullable or $ref`);
    if (!types.includes(type)) faults.push(`${where}: type ${String(type)}`);
    const missing = Array.isArray(required)
      ? required.filter((name: string) => !Object.hasOwn(properties ?? {}, name))
      : [];
    if (missing.length > 0) faults.push(`${where}: required but unknown: ${missing.join(', ')}`);
  });
  expect(visited).toBeGreaterThan(1000);
  expect(faults).toEqual([]);
});

test('only the health check is open', () => {
  const open = operations().filter(({ operation }) => operation.security?.length === 0);
  expect(open.map(({ operation }) => operation.operationId)).toEqual(['health']);
});
