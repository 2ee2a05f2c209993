import { endpointText } from './endpoints.ts';
import { inventoryText } from './inventory.ts';
import { migrationText } from './migrations.ts';
import { shellText } from './shell.ts';
import { wizardText } from './wizard.ts';
import { workerText } from './workers.ts';

/** Everything that the app says, in English. A translation is another value of this type. */
export const text = {
  ...shellText,
  migrations: migrationText,
  endpoints: endpointText,
  inventory: inventoryText,
  wizard: wizardText,
  workers: workerText,
} as const;
