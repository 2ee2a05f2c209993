import { DEFAULT_POLICIES } from '@guts/core';
import { describe, expect, test } from 'vitest';
import type { StepContext } from '../context.ts';
import { verifyBoot } from './verify-boot.ts';

/**
 * Looks at a console that says this, on a clock that only sleeping moves.
 * @param console what each look shows, the last one again and again
 */
async function proofOf(
  console: string | readonly (string | null | Error)[],
  bootPattern: string | null,
  policy: 'report' | 'require' = 'report',
) {
  let now = 0;
  let looks = 0;
  const kept: unknown[] = [];
  const shows = typeof console === 'string' ? [console] : console;
  const context = {
    migration: {
      spec: { policies: { ...DEFAULT_POLICIES, verifyBoot: policy, bootPattern, bootSeconds: 10 } },
    },
    journal: {
      idOf: () => Promise.resolve('server'),
      putConsole: (text: unknown) => Promise.resolve(kept.push(text)),
    },
    destination: {
      console: () => {
        looks += 1;
        const shown = shows[looks - 1] ?? shows.at(-1) ?? null;
        return shown instanceof Error ? Promise.reject(shown) : Promise.resolve(shown);
      },
    },
    clock: {
      monotonic: () => now,
      sleep: (milliseconds: number) => {
        now += milliseconds;
        return Promise.resolve();
      },
    },
  };
  const ended = await verifyBoot(context as unknown as StepContext).catch((error: unknown) => ({
    error,
    output: null,
  }));
  const error = 'error' in ended ? (ended.error as Error) : null;
  return { proof: ended.output as { proven: boolean; evidence: string } | null, error, looks, kept };
}

describe('the proof of a boot', () => {
  test.for([
    ['Debian 12 web tty1\r\n\r\nweb login: ', null, 'web login:'],
    ['early\nGrüße, Ω is up\n', String.raw`^Grüße, \p{Lu} is up$`, 'Grüße, Ω is up'],
    [`${'x'.repeat(100_000)} ready`, 'ready$', `${'x'.repeat(4090)} ready`],
  ] as const)('is a line that matches', async ([console, pattern, line]) => {
    expect((await proofOf(console, pattern)).proof).toMatchObject({ proven: true, evidence: line });
  });
  test('is looked for in the end of the console only', async () => {
    const { proof } = await proofOf(`login:\n${'x\n'.repeat(40_000)}`, 'login:');
    expect(proof).toMatchObject({ proven: false, evidence: expect.stringMatching(/nothing that matches/) });
  });
  test('is given up when the pattern would take for ever', async () => {
    const { proof, looks } = await proofOf(`${'a'.repeat(4000)}!\n`, '(a+)+$');
    expect(proof).toMatchObject({ proven: false, evidence: expect.stringMatching(/takes more than 200 ms/) });
    expect(looks).toBe(3);
  });
});

describe('the text of the console', () => {
  const boots = ['\u001b[1mkernel\u001b[0m\r\n', '\u001b[1mkernel\u001b[0m\r\nweb login: '];
  test('is kept as last looked at when the boot is proven', async () => {
    const { proof, kept } = await proofOf(boots, null);
    expect(proof).toMatchObject({ proven: true });
    expect(kept).toEqual([{ text: boots[1], truncated: false }]);
  });
  test.for(['report', 'require'] as const)('is kept when it is not proven: %s', async (policy) => {
    const { error, kept } = await proofOf(['Kernel panic - not syncing', null], null, policy);
    expect(error === null).toBe(policy === 'report');
    expect(kept).toEqual([{ text: 'Kernel panic - not syncing', truncated: false }]);
  });
  test('is kept when the looking breaks off, and what broke it is told', async () => {
    const { error, kept } = await proofOf(['GRUB loading', new Error('the cloud is away')], null);
    expect(error?.message).toBe('the cloud is away');
    expect(kept).toEqual([{ text: 'GRUB loading', truncated: false }]);
  });
  test('is nothing when there was none, so that an earlier attempt’s does not stay', async () => {
    expect((await proofOf([null], null)).kept).toEqual([{ text: '', truncated: false }]);
  });
});
