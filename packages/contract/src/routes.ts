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
  services: serviceRoutes,
  events: eventRoutes,
  audit: auditRoute,
};

/** Server-sent events: `id` is the sequence, `data` an {@link Event}. Query: `after`, `resource_id`. */
export const EVENT_STREAM_PATH = '/v1/events/stream';
