import type { Finding } from '@guts/core';

/** Certificates and tokens are judged by clocks; beyond this they may be refused. Seconds. */
const SKEW_SECONDS = 60;

/** @param theirs ServiceInstance.CurrentTime @param ours in the middle of the question */
export function checkClock(theirs: Date, ours: Date): Finding[] {
  const seconds = Math.round((theirs.getTime() - ours.getTime()) / 1000);
  if (!Number.isFinite(seconds) || Math.abs(seconds) <= SKEW_SECONDS) return [];
  return [
    {
      severity: 'warning',
      code: 'source.clock',
      message: `its clock is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} this worker's`,
      remedy: 'Set both by NTP: what is told of times, and some certificates, are else wrong.',
    },
  ];
}
