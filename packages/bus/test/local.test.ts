import { describe } from 'vitest';
import { createLocalBus } from '../src/index.ts';
import { busSuite } from './bus.testsuite.ts';

describe('the in-process bus', () => {
  busSuite(() => Promise.resolve(createLocalBus()));
});
