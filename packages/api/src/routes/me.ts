import { routes } from '@guts/contract';
import type { FastifyInstance } from 'fastify';
import { DEFAULT_RULES, OURS } from '../auth/default-rules.ts';
import { serve } from '../serve.ts';

/** Rules that decide about what may be done; others are for them to refer to. */
const RULES = Object.keys(DEFAULT_RULES).filter((name) => name.startsWith(OURS));

/** Who asks: so that a screen offers only what would be allowed. */
export function meRoute(app: FastifyInstance): void {
  serve(app, routes.me, ({ caller, may }) =>
    Promise.resolve({
      user_id: caller.userId,
      project_id: caller.projectId,
      roles: [...caller.roles],
      system: caller.system,
      allowed: RULES.filter(may),
    }),
  );
}
