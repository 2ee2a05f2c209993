import { specFromWire } from '@guts/api';
import type { NewEvent, NewMigration } from '@guts/core';

const SPEC = specFromWire({
  source: 'vc',
  destination: 'cloud',
  instance: 'machine',
  mapping: { networks: { '*': { network: 'private' } } },
});

/** A migration as it is asked for, to be measured with. @param more what differs */
export function newMigration(
  more: Pick<NewMigration, 'id' | 'projectId' | 'sourceId' | 'destinationId' | 'demand'> &
    Partial<NewMigration>,
): NewMigration {
  return {
    userId: null,
    planId: null,
    name: more.id,
    instanceRef: more.id,
    instanceName: more.id,
    targetProject: null,
    mode: 'cold',
    purpose: 'production',
    priority: 0,
    spec: SPEC,
    ...more,
  };
}

/** What is told of something that was made. */
export const madeEvent = (
  resource: NewEvent['resource'],
  resourceId: string,
  projectId: string,
): NewEvent => ({
  projectId,
  resource,
  resourceId,
  type: `${resource}.created`,
  severity: 'information',
  message: 'asked for',
  data: {},
});
