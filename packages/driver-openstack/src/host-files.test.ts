import { expect, test } from 'vitest';
import { hostFilesFrom } from './host-files.ts';

test('roots are named one by one; the state folder is never among them', () => {
  const env = { GUTS_VOLUME_ROOTS: '/a:/b/c', GUTS_STATE_DIR: '/state' };
  expect(hostFilesFrom(env)).toMatchObject({ volumeRoots: ['/a', '/b/c'], forbidden: ['/state'] });
  expect(hostFilesFrom({ HOME: '/home/me' })).toMatchObject({
    volumeRoots: [],
    forbidden: ['/home/me/.local/state/guts'],
  });
  expect(() => hostFilesFrom({ GUTS_VOLUME_ROOTS: 'a' })).toThrow(/no absolute path/);
});
