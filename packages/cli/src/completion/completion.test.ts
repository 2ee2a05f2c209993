import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { guts } from '../../test/rig.ts';

const script = async (shell: string): Promise<string> => (await guts(['completion', shell], () => null)).out;
const has = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0;

function ask(command: string, args: readonly string[], code: string): string[] {
  const out = execFileSync(command, args, {
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', SCRIPT: code },
    encoding: 'utf8',
  });
  return out.split('\n').filter((line) => line !== '');
}

/** What a real bash offers when the last of these words is being typed. */
async function bash(...words: string[]): Promise<string[]> {
  const code =
    'eval "$SCRIPT"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _guts; printf "%s\\n" "${COMPREPLY[@]}"';
  return ask('bash', ['--norc', '-c', code, 'bash', 'guts', ...words], await script('bash'));
}

/** What a real fish offers. */
async function fish(...words: string[]): Promise<string[]> {
  const code = 'echo "$SCRIPT" | source; complete -C "$argv"';
  const lines = ask('fish', ['--no-config', '-c', code, ['guts', ...words].join(' ')], await script('fish'));
  return lines.map((line) => line.split('\t')[0] ?? '');
}

/** What the script hands to zsh's own functions, which draw it. */
async function zsh(...words: string[]): Promise<string[]> {
  const code = [
    'compdef() { : }; eval "$SCRIPT"',
    '_describe() { print -l -- "${(P@)2}" }',
    '_arguments() { print -l -- "$@"; [[ "${@[-1]}" == *_describe* ]] && _describe command commands; : }',
    'words=("$@"); CURRENT=$#words; _guts',
  ].join('\n');
  return ask('zsh', ['-f', '-c', code, 'zsh', 'guts', ...words], await script('zsh'));
}

describe('bash', () => {
  test.for([
    [['migr'], ['migrate', 'migration']],
    [
      ['migration', 're'],
      ['report', 'retry', 'revert'],
    ],
    [['--json', 'migration', 'wat'], ['watch']],
    [
      ['migration', 'list', '--sort-'],
      ['--sort-column', '--sort-descending'],
    ],
    [['migration', 'list', '--os-cl'], ['--os-cloud']],
    [
      ['migration', 'list', '--format', ''],
      ['csv', 'json', 'table', 'value', 'yaml'],
    ],
    [['migration', 'list', '--status', ''], []],
    [['destination', 'volume', 'type', 'l'], ['list']],
    [['completion', 'z'], ['zsh']],
    [['migration', 'revert', 'web', '--y'], ['--yes']],
    [['service', 'no-such'], []],
  ] as const)('completes %j', async ([words, found]) => {
    expect((await bash(...words)).toSorted()).toEqual(found.filter((one) => one !== 'migrate'));
  });
});

describe.skipIf(!has('fish'))('fish', () => {
  test.for([
    [['migr'], ['migration']],
    [
      ['migration', 're'],
      ['report', 'retry', 'revert'],
    ],
    [['--json', 'migration', 'wat'], ['watch']],
    [
      ['migration', 'list', '--sort-'],
      ['--sort-column', '--sort-descending'],
    ],
    [['migration', 'list', '--os-cl'], ['--os-cloud']],
    [
      ['migration', 'list', '--format', ''],
      ['csv', 'json', 'table', 'value', 'yaml'],
    ],
    [['destination', 'volume', 'type', 'l'], ['list']],
    [['completion', 'z'], ['zsh']],
  ] as const)('completes %j', async ([words, found]) => {
    expect((await fish(...words)).toSorted()).toEqual(found);
  });
});

describe.skipIf(!has('zsh'))('zsh', () => {
  test('offers commands with what they do, and options', async () => {
    const offered = await zsh('migration', '');
    expect(offered).toContain(
      'watch:shows progress until they have ended; Ctrl-C ends the show, not the migrations',
    );
    expect(offered.some((line) => line.startsWith('*--os-cloud[') && line.endsWith(':value:_files'))).toBe(
      true,
    );
  });
  test('offers the choices of an option, and nothing of another place', async () => {
    const offered = await zsh('--json', 'destination', 'volume', 'type', 'list', '');
    expect(offered.some((line) => line.endsWith(':value:(table json yaml csv value)'))).toBe(true);
    expect(offered.some((line) => line.startsWith('*--status'))).toBe(false);
  });
  test('reads what is in the texts as it is', async () => {
    const offered = await zsh('migration', 'create', '');
    expect(
      offered.some((line) => line.includes('source\\: server') || line.includes("guest's deadline")),
    ).toBe(true);
  });
});
