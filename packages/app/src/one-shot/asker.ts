import { PROJECT_LOCAL } from '@guts/core';

export const SCOPE = { projectId: PROJECT_LOCAL };

/** Who asks actions of migrations here: whoever runs the command. */
export const ASKER = {
  caller: { projectId: PROJECT_LOCAL, userId: null, roles: ['admin'], system: false },
  requestId: 'guts-migrate',
} as const;
