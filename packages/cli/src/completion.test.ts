import { execFileSync } from 'node:child_process';
import { beforeAll, expect, test } from 'vitest';
import { guts } from '../test/rig.ts';

let script = '';
beforeAll(async () => {
  script = (await guts(['completion', 'bash'], () => null)).out;
});

/** What a real bash offers when the last of these words is being typed. */
function offered(...words: string[]): string[] {
  const ask =
    'eval "$SCRIPT"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _guts; printf "%s\\n" "${COMPREPLY[@]}"';
  const out = execFileSync('bash', ['--norc', '-c', ask, 'bash', 'guts', ...words], {
    env: { PATH: process.env['PATH'], SCRIPT: script },
    encoding: 'utf8',
  });
  return out.split('\n').filter((line) => line !== '');
}

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
  [['migration', 'revert', 'web', '--y'], ['--yes']],
  [['service', 'no-such'], []],
] as const)('bash completes %j', ([words, found]) => {
  expect(offered(...words).toSorted()).toEqual(found);
});
