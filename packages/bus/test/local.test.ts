import { SILENT_LOG } from '@guts/core';
import { describe } from 'vitest';
import { createLocalBus } from '../src/index.ts';
import { busSuite } from './bus.testsuite.ts';
import { clock } from './clock.ts';

describe('the in-process bus', () => {
  busSuite(() => Promise.resolve(createLocalBus({ clock, log: SILENT_LOG })));
});
