import { GutsError } from '@guts/core';
import type { FastifyInstance } from 'fastify';

/** How deep objects and lists may lie in each other: what walks them by recursion must not run out of stack. */
const DEPTH = 64;
/** NUL, which PostgreSQL's texts cannot hold, and halves of surrogate pairs, which no encoding of text has. */
const NO_TEXT = /[\0\p{Surrogate}]/u;

function refuse(field: string, what: string, remedy: string): never {
  throw new GutsError('bad_request', `${field} ${what}`, { field, remedy });
}

function checkText(text: string, field: string): void {
  if (NO_TEXT.test(text))
    refuse(
      field,
      'has a character that no text may have',
      'Leave out NUL (U+0000) and halves of surrogate pairs.',
    );
}

interface Place {
  readonly value: unknown;
  /** As people name it. */
  readonly field: string;
  readonly depth: number;
}

/** @throws GutsError `bad_request` for what is too deep, and for texts and keys that are none */
function check(root: unknown, name: string): void {
  const left: Place[] = [{ value: root, field: name, depth: 0 }];
  for (let place = left.pop(); place; place = left.pop()) {
    const { value, field, depth } = place;
    if (typeof value === 'string') checkText(value, field);
    if (typeof value !== 'object' || value === null) continue;
    if (depth === DEPTH) refuse(name, `is nested more than ${DEPTH} levels deep`, 'Send something flatter.');
    const list = Array.isArray(value);
    for (const [key, inner] of Object.entries(value)) {
      if (!list) checkText(key, field);
      left.push({ value: inner, field: `${field}.${key}`, depth: depth + 1 });
    }
  }
}

/** Refuses what could be neither stored nor walked, before anybody looks at it. */
export function boundTexts(app: FastifyInstance): void {
  app.addHook('preValidation', async (request) => {
    if (request.is404) return;
    check(request.params, 'path');
    check(request.query, 'query');
    check(request.body, 'body');
  });
}
