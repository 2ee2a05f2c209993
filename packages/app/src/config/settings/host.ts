import { join } from 'node:path';
import { oneOf, PATH, TEXT } from '../kinds.ts';
import { DAEMONS, EVERY, setting } from '../setting.ts';

const LEVELS = oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']);

/** This host: its folders, its name, its log. */
export const host = {
  stateDir: setting('state_dir', {
    kind: PATH,
    initial: ({ stateDir }) => stateDir,
    initially: '`~/.local/state/guts`',
    readBy: EVERY,
    means: 'where database, key and token lie unless told otherwise',
    example: '/var/lib/guts',
  }),
  host: setting('host', {
    kind: TEXT,
    initial: ({ hostName }) => hostName,
    initially: "the host's name",
    readBy: DAEMONS,
    means: 'how this host is shown in `guts service list`',
    example: 'migration-1',
  }),
  logLevel: setting('log_level', {
    kind: LEVELS,
    initial: (): 'info' => 'info',
    readBy: DAEMONS,
    means: 'of the JSON lines on standard error; secrets are in none',
  }),
  keyFile: setting('key_file', {
    kind: PATH,
    initial: ({ stateDir }) => join(stateDir, 'key'),
    initially: '`key` in `state_dir`',
    readBy: ['api', 'migration', 'secret'],
    secret: 'file',
    everywhere: true,
    means: 'master keys that seal the secrets of sources and destinations, the newest first',
    example: '/etc/guts/key',
  }),
};
