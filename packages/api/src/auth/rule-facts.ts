import { allRoutes, EVENT_STREAM_PATH } from '@guts/contract';
import { METRICS_PATH } from '../metrics.ts';
import {
  ANY_PROJECT_RULE,
  DEFAULT_RULES,
  EVENT_STREAM_RULE,
  HEALTH_RULE,
  METRICS_RULE,
  REAP_RULE,
  ruleOf,
} from './default-rules.ts';

/** A rule of the policy, for people. */
export interface RuleFacts {
  readonly name: string;
  /** As built in. */
  readonly expression: string;
  /** What of the API it decides about, as `METHOD path`; empty: only other rules refer to it. */
  readonly guards: string;
  readonly description: string;
}

/** What is decided beside the routes of the contract. */
const BESIDES: Readonly<Record<string, readonly [string, string]>> = {
  admin: ['', 'Who administers GUTS: in every project'],
  member: ['', 'Who changes things of a project'],
  reader: ['', 'Who looks at things of a project'],
  [HEALTH_RULE]: ['GET /healthcheck', 'Tells what exactly is the matter; the rest of it is open'],
  [METRICS_RULE]: [`GET ${METRICS_PATH}`, 'Metrics for Prometheus'],
  [EVENT_STREAM_RULE]: [`GET ${EVENT_STREAM_PATH}`, 'Tells what happens, as it happens'],
  [REAP_RULE]: ['POST /v1/{sources,destinations}/:id/actions', 'Reaps; beside the rule of the action itself'],
  [ANY_PROJECT_RULE]: [
    '/v1/PROJECT-ID/…',
    'Acts in a project that the path names and that is not of the token',
  ],
};

/** Every rule that a policy file may override, in the order of the defaults. @throws Error for one without facts */
export function ruleFacts(): readonly RuleFacts[] {
  const ofRoutes = new Map([...allRoutes.values()].map((route) => [ruleOf(route), route]));
  return Object.entries(DEFAULT_RULES).map(([name, expression]) => {
    const beside = BESIDES[name];
    const route = ofRoutes.get(name);
    if (beside) return { name, expression, guards: beside[0], description: beside[1] };
    if (!route) throw new Error(`nothing is known of the policy rule ${name}`);
    return { name, expression, guards: `${route.method} ${route.path}`, description: route.summary };
  });
}
