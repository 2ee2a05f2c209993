import { UsageError } from '@guts/cli';
import { ApiCallError } from '@guts/contract';
import { GutsError } from '@guts/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { tellFailure } from './failure.ts';
import { createProgram } from './program.ts';

const details = { migration_id: 'm' };
const conflict = new GutsError('conflict', 'it is taken', { remedy: 'Wait.', details });
const away = new ApiCallError('nobody answers', { status: 0, code: 'unreachable' });
const unknown = new ApiCallError('no such thing', { status: 404, code: 'not_found', remedy: 'Look.' });

function told(error: unknown, json: boolean, env: NodeJS.ProcessEnv = {}) {
  let text = '';
  const err = { write: (more: string) => (text += more) };
  return { exit: tellFailure(error, json, { err, env }), text };
}

describe('an error', () => {
  test.for([
    [conflict, 5, { code: 'conflict', message: 'it is taken', remedy: 'Wait.', details }],
    [unknown, 3, { code: 'not_found', message: 'no such thing', remedy: 'Look.', details: null }],
    [away, 1, { code: 'unreachable', message: 'nobody answers', remedy: null, details: null }],
    [
      new UsageError('say where'),
      2,
      { code: 'bad_request', message: 'say where', remedy: null, details: null },
    ],
    [new Error('odd'), 1, { code: 'internal', message: 'odd', remedy: null, details: null }],
  ] as const)('is told as JSON when that was asked for: %s', ([error, exit, expected]) => {
    const { text, exit: code } = told(error, true);
    expect(JSON.parse(text)).toEqual({ error: expected });
    expect(text.endsWith('}\n')).toBe(true);
    expect(code).toBe(exit);
  });
  test('is told in words else, with what to do', () => {
    expect(told(conflict, false)).toEqual({ exit: 5, text: 'guts: it is taken\nWait.\n' });
    expect(told(away, false)).toEqual({ exit: 1, text: 'guts: nobody answers\n' });
  });
});

describe('a command line that is none', () => {
  let written = '';
  beforeEach(() => {
    written = '';
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      written += String(text);
      return true;
    });
    vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  });
  afterEach(() => vi.restoreAllMocks());
  const thrownBy = (args: readonly string[], json: boolean): Promise<unknown> =>
    createProgram(json)
      .parseAsync([...args], { from: 'user' })
      .then(
        () => null,
        (error: unknown) => error,
      );

  test.for([
    [['--json', 'migrate'], /required option '--source <url>' not specified/],
    [['--json', 'db', 'chek'], /unknown command 'chek'.*check/s],
    [['--json', 'migration', 'show'], /missing required argument/],
    [['--json'], /no command is given/],
  ] as const)('%j is told as JSON, and nothing else', async ([args, message]) => {
    const { text, exit } = told(await thrownBy(args, true), true);
    expect(written).toBe('');
    const { error } = JSON.parse(text) as { error: { code: string; message: string } };
    expect(error).toMatchObject({ code: 'bad_request', remedy: 'guts --help shows what there is.' });
    expect(error.message).toMatch(message);
    expect(exit).toBe(2);
  });
  test('is told once in words', async () => {
    const { text, exit } = told(await thrownBy(['migrate'], false), false);
    expect([text, exit]).toEqual(['', 2]);
    expect(written).toMatch(/^error: required option.*\n\(guts --help/);
  });
  test('is no error when help is asked for', async () => {
    expect(told(await thrownBy(['--json', 'migrate', '--help'], true), true)).toEqual({ exit: 0, text: '' });
  });
});
