import { SEVERITIES } from '@guts/core';
import Type from 'typebox';
import { Words } from './common.ts';

/** What preflight, or a check of an endpoint, has to say. */
export const Finding = Type.Object({
  severity: Words(SEVERITIES),
  code: Type.String({ description: 'id of the rule' }),
  message: Type.String(),
  remedy: Type.Optional(Type.String()),
  subject: Type.Optional(Type.String({ description: 'instance, destination, disk:KEY or nic:KEY' })),
});
export type Finding = Type.Static<typeof Finding>;
