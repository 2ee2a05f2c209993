import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { commandReference, leavesOf } from './command-reference.ts';
import { createWholeProgram } from '../src/program.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

/** Every command line of `guts` in a document: whole ones in its blocks, without remarks, and others in its text. */
function linesOf(document: string): { line: string; whole: boolean }[] {
  const text = readFileSync(resolve(ROOT, document), 'utf8').replaceAll(/\\\n\s*/g, '');
  const blocks = text.matchAll(/^ {4,}(guts .*?)(?: +#.*)?$/gm);
  const inline = text.replaceAll('\n', ' ').matchAll(/(?<!`)`(guts [^`]+)`(?!`)/g);
  return [
    ...[...blocks].map(([, line = '']) => ({ line, whole: true })),
    ...[...inline].map(([, line = '']) => ({ line, whole: false })),
  ];
}

/** What is wrong with a command line, without running it; null: nothing. @param whole nothing may be missing */
async function faultOf(line: string, whole: boolean): Promise<string | null> {
  const [asked = ''] = line.split(' > ');
  const words = [...asked.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? '');
  let command: Command = await createWholeProgram(true);
  let rest = words.slice(1).filter((word) => !['--help', '--json'].includes(word));
  for (;;) {
    const next = command.commands.find((one) => one.name() === rest[0]);
    if (!next) break;
    command = next;
    rest = rest.slice(1);
  }
  const { operands, unknown } = command.parseOptions(rest);
  if (unknown.length > 0) return `unknown: ${unknown.join(' ')}`;
  const takes = command.registeredArguments;
  if (operands.length > takes.length && takes.at(-1)?.variadic !== true)
    return `too much: ${operands.join(' ')}`;
  if (!whole || words.includes('--help')) return null;
  const lacks = takes.find((one, index) => one.required && operands[index] === undefined);
  if (lacks) return `no ${lacks.name()}`;
  const option = command.options.find(
    (one) => one.mandatory && command.getOptionValue(one.attributeName()) === undefined,
  );
  return option ? `no ${option.flags}` : null;
}

describe.for(['README.md', 'docs/operations.md', 'docs/cli.md'])('%s', (document) => {
  test('names no command, argument or option that there is not', async () => {
    const lines = linesOf(document);
    expect(lines.length).toBeGreaterThan(10);
    const wrong: string[] = [];
    for (const { line, whole } of lines) {
      const fault = await faultOf(line, whole);
      if (fault !== null) wrong.push(`${line}: ${fault}`);
    }
    expect(wrong).toEqual([]);
  });
});

test.for([
  ['guts service drain h1', 'too much: drain h1'],
  ['guts service enable h1 --reason why', 'unknown: --reason why'],
  ['guts service disable h1', 'no --reason <text>'],
  ['guts migration show', 'no migration'],
] as const)('the check finds: %s', async ([line, fault]) => {
  expect(await faultOf(line, true)).toBe(fault);
});

test('docs/cli.md is what the commands say of themselves', async () => {
  const text = commandReference(await createWholeProgram(true));
  await expect(text).toMatchFileSnapshot(resolve(ROOT, 'docs/cli.md'));
});

test('the help of every command shows how it is used', async () => {
  const leaves = leavesOf(await createWholeProgram(true));
  expect(leaves.length).toBeGreaterThan(60);
  const without = leaves.filter(({ path, help }) => !help.includes(`\nExamples:\n  guts ${path}`));
  expect(without.map(({ path }) => path)).toEqual([]);
});
