import { printable } from '@guts/cli';
import type { Finding } from './check.ts';

const MARKS = { ok: '✓', warning: '!', failed: '✗', skipped: '-' } as const;
const WORDS = { ok: 'ok     ', warning: 'warning', failed: 'FAILED ', skipped: 'skipped' } as const;

const counted = (findings: readonly Finding[], verdict: Finding['verdict'], word: string): string => {
  const count = findings.filter((one) => one.verdict === verdict).length;
  return `${count} ${word}${count === 1 || verdict === 'failed' ? '' : 's'}`;
};

/** Each finding: marks on a terminal, words where a program reads. */
export function findingLines(findings: readonly Finding[], terminal: boolean): string[] {
  return findings.flatMap(({ verdict, subject, message, remedy }) => {
    const mark = terminal ? MARKS[verdict] : WORDS[verdict];
    const head = `${mark} ${printable(subject)}: ${printable(message)}`;
    return remedy === null ? [head] : [head, `${' '.repeat(mark.length + 1)}-> ${printable(remedy)}`];
  });
}

/** The findings as a checklist, with how many are bad. */
export function checklist(findings: readonly Finding[], terminal: boolean): string {
  const end = `${counted(findings, 'failed', 'failed')}, ${counted(findings, 'warning', 'warning')}`;
  return `${[...findingLines(findings, terminal), end].join('\n')}\n`;
}

/** 1 when something a migration needs is not there. */
export const exitCodeOf = (findings: readonly Finding[]): 0 | 1 =>
  findings.some(({ verdict }) => verdict === 'failed') ? 1 : 0;
