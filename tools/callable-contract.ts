import { CSRF_HEADER, DASHBOARD_SESSION_PATH, EVENT_STREAM_PATH, routes, STEPS } from '@guts/contract';
import { callable } from './callable-routes.ts';

/**
 * The source of a module that stands for `@guts/contract` in clients: a client needs of a route where to send a call,
 * and no schema. Making all schemas took the command line longer than all else at start, and a browser would load them.
 */
export function callableContract(): string {
  return [
    "export * from '@guts/contract/client';",
    "export { plainText } from '@guts/contract/terminal-text';",
    "export { compileBootPattern } from '@guts/core/boot-pattern';",
    "export { ERROR_CODES } from '@guts/core/errors';",
    ...Object.entries({ CSRF_HEADER, DASHBOARD_SESSION_PATH, EVENT_STREAM_PATH, STEPS }).map(
      ([name, value]) => `export const ${name} = ${JSON.stringify(value)};`,
    ),
    `export const routes = ${JSON.stringify(callable(routes))};`,
  ].join('\n');
}
