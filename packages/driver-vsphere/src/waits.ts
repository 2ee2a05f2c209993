import type { ConnectContext } from '@guts/core';

/** Says what is waited for, and why. */
export type Tell = (facts: object, why: string) => void;

/** Tells the log and whoever asked to be told. */
export function teller({ log, onWait }: Pick<ConnectContext, 'log' | 'onWait'>): Tell {
  return (facts, why) => {
    log.info(facts, why);
    onWait?.(why);
  };
}
