import { dashboardRoutes, eventTicketRoute, meRoute } from './routes/dashboard.ts';
import { destinationRoutes, sourceRoutes } from './routes/endpoints.ts';
import { inventoryRoutes } from './routes/inventory.ts';
import { mappingRoutes } from './routes/mappings.ts';
import { migrationRoutes } from './routes/migrations.ts';
import { operationRoutes } from './routes/operations.ts';
import { preflightRoutes } from './routes/preflight.ts';
import {
  destinationFlavors,
  destinationNetworks,
  destinationVolumeTypes,
  driversRoute,
  limitsRoute,
  volumesRoute,
} from './routes/resources.ts';
import { throughputRoute } from './routes/throughput.ts';
import { auditRoute, eventRoutes, healthReportRoute, healthRoute, serviceRoutes } from './routes/system.ts';

export type { Route } from './routes/define.ts';

/** The API as values: guts-api serves them, clients call them, the OpenAPI document is made from them. */
export const routes = {
  health: healthRoute,
  healthReport: healthReportRoute,
  sources: sourceRoutes,
  destinations: {
    ...destinationRoutes,
    flavors: destinationFlavors,
    networks: destinationNetworks,
    volumeTypes: destinationVolumeTypes,
  },
  drivers: driversRoute,
  limits: limitsRoute,
  volumes: volumesRoute,
  operations: operationRoutes,
  inventory: inventoryRoutes,
  mappings: mappingRoutes,
  preflight: preflightRoutes,
  migrations: migrationRoutes,
  throughput: throughputRoute,
  services: serviceRoutes,
  events: { ...eventRoutes, ticket: eventTicketRoute },
  audit: auditRoute,
  me: meRoute,
  dashboard: dashboardRoutes,
};

/** Server-sent events: `id` is the sequence, `data` an {@link Event}. Query: `after`, `resource_id`, `ticket`. */
export const EVENT_STREAM_PATH = '/v1/events/stream';

/** Where guts-api serves the dashboard itself: its page, at every path below that is no file of it. */
export const DASHBOARD_PATH = '/dashboard/';
/**
 * Who is signed in there: GET answers with a {@link DashboardSession}; POST takes a {@link DashboardLogin}, answers in
 * the same way and sets the cookie that calls may then carry instead of a token; DELETE signs out.
 */
export const DASHBOARD_SESSION_PATH = '/dashboard/session';
/** Header of calls with that cookie: the session's `csrf_token`, unless they only look. */
export const CSRF_HEADER = 'X-CSRF-Token';
