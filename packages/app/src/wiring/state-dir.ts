import { accessSync, constants, mkdirSync } from 'node:fs';
import { GutsError, messageOf } from '@guts/core';

/** Makes the state folder (0700) and sees that it can be written. */
export function prepareStateDir(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new GutsError('configuration', `the state folder ${path} cannot be used: ${messageOf(error)}`, {
      cause: error,
      remedy: 'Choose another with state_dir in the configuration or GUTS_STATE_DIR.',
    });
  }
}
