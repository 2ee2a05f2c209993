import { nameOf, type Route } from '@guts/contract';

/** Rules of ours begin so; other names are those that expressions share. */
export const OURS = 'migration:';

/** The rule of a route: `migrations.create` is decided by `migration:migrations:create`. */
export function ruleOf(route: Pick<Route, 'method' | 'path'>): string {
  const name = nameOf(route).replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return `${OURS}${name.replaceAll('.', ':')}`;
}

/** What is decided beside the routes of the contract. */
export const METRICS_RULE = `${OURS}metrics`;
export const EVENT_STREAM_RULE = `${OURS}events:stream`;
/** To remove, or look for, what migrations left behind. */
export const REAP_RULE = `${OURS}reap`;
/** To act in a project that is not the token's, when the path names it. */
export const ANY_PROJECT_RULE = `${OURS}any_project`;
/** `/healthcheck` is open; this decides to whom it tells what exactly is the matter. */
export const HEALTH_RULE = `${OURS}health`;

const READER = 'rule:reader';
const MEMBER = 'rule:member';
const ADMIN = 'rule:admin';

const endpoints = (side: string): Readonly<Record<string, string>> => ({
  [`${OURS}${side}:list`]: READER,
  [`${OURS}${side}:show`]: READER,
  [`${OURS}${side}:create`]: MEMBER,
  [`${OURS}${side}:update`]: MEMBER,
  [`${OURS}${side}:remove`]: MEMBER,
  [`${OURS}${side}:act`]: MEMBER,
});

/** Who may do what, unless a policy file says otherwise: readers look, members change, each in their project. */
export const DEFAULT_RULES: Readonly<Record<string, string>> = {
  admin: 'role:admin',
  member: '(role:member and project_id:%(project_id)s) or rule:admin',
  reader: '(role:reader and project_id:%(project_id)s) or rule:member',
  [HEALTH_RULE]: ADMIN,
  'migration:health_report': READER,
  ...endpoints('sources'),
  ...endpoints('destinations'),
  'migration:destinations:flavors': READER,
  'migration:destinations:networks': READER,
  'migration:destinations:volume_types': READER,
  'migration:drivers': READER,
  'migration:limits': READER,
  'migration:volumes': READER,
  'migration:operations:list': READER,
  'migration:operations:show': READER,
  'migration:inventory:instances': READER,
  'migration:inventory:networks': READER,
  'migration:inventory:datastores': READER,
  'migration:inventory:hosts': READER,
  'migration:inventory:instance': READER,
  'migration:mappings:list': READER,
  'migration:mappings:create': MEMBER,
  'migration:mappings:show': READER,
  'migration:mappings:update': MEMBER,
  'migration:mappings:remove': MEMBER,
  'migration:preflight:instance': READER,
  'migration:preflight:check': READER,
  'migration:preflight:summary': READER,
  'migration:preflight:rules': READER,
  'migration:migrations:list': READER,
  'migration:migrations:create': MEMBER,
  'migration:migrations:bulk': MEMBER,
  'migration:migrations:show': READER,
  'migration:migrations:act': MEMBER,
  'migration:migrations:steps': READER,
  'migration:migrations:disks': READER,
  'migration:migrations:manifest': READER,
  'migration:migrations:artifacts': READER,
  'migration:migrations:events': READER,
  'migration:migrations:report': READER,
  'migration:throughput': READER,
  // As in Nova: a guest may print what is not for everybody who looks.
  'migration:migrations:console': MEMBER,
  'migration:events:list': READER,
  [EVENT_STREAM_RULE]: READER,
  'migration:events:ticket': READER,
  'migration:services:list': ADMIN,
  'migration:services:update': ADMIN,
  'migration:services:remove': ADMIN,
  'migration:audit': ADMIN,
  'migration:me': READER,
  'migration:dashboard:link': ADMIN,
  [REAP_RULE]: ADMIN,
  [METRICS_RULE]: ADMIN,
  [ANY_PROJECT_RULE]: ADMIN,
};
