import { DEFAULT_POLICIES } from '@guts/core';
import { describe, expect, test } from 'vitest';
import type { StepContext } from '../context.ts';
import { verifyBoot } from './verify-boot.ts';

/** Looks at a console that says this, on a clock that only sleeping moves. */
async function proofOf(console: string, bootPattern: string | null) {
  let now = 0;
  let looks = 0;
  const context = {
    migration: { spec: { policies: { ...DEFAULT_POLICIES, bootPattern, bootSeconds: 10 } } },
    journal: { idOf: () => Promise.resolve('server') },
    destination: {
      console: () => {
        looks += 1;
        return Promise.resolve(console);
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
  const { output } = await verifyBoot(context as unknown as StepContext);
  return { proof: output as { proven: boolean; evidence: string }, looks };
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
