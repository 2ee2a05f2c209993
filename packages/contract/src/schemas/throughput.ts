import Type from 'typebox';
import { Bytes, Timestamp } from './common.ts';

/** Bytes that crossed the wire from the sources, by pieces of time. */
export const Throughput = Type.Object({
  since: Timestamp,
  until: Timestamp,
  seconds: Type.Integer({ description: 'how long each piece of time is; about 400 fill the range' }),
  points: Type.Array(Type.Object({ at: Timestamp, bytes: Bytes }), {
    description:
      'in the order of time, each with the moment at which its piece begins; without those in which nothing moved',
  }),
});
export type Throughput = Type.Static<typeof Throughput>;
