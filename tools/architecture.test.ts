import { expect, test } from 'vitest';
import { packageFolders, violations } from './architecture.ts';

test.each(packageFolders())('%s imports only what its row allows', (folder) => {
  expect(violations(folder)).toEqual([]);
});
