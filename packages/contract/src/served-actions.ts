import type { Action } from '@guts/core';

/** Of the actions that the life cycle knows, those that this version carries out; others are refused with 501. */
export const SERVED_ACTIONS: readonly Action[] = ['cancel', 'retry', 'revert', 'commit'];
