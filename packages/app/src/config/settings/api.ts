import { join } from 'node:path';
import { FLAG, PATH, TEXT, WEB_ADDRESS, whole } from '../kinds.ts';
import { setting } from '../setting.ts';

/** guts-api. */
export const api = {
  listenHost: setting('listen_host', {
    kind: TEXT,
    initial: '127.0.0.1',
    readBy: ['api'],
    means:
      'address that guts-api listens on; keep it on loopback or an internal network, behind a proxy with TLS',
  }),
  listenPort: setting('listen_port', {
    kind: whole(0, 65_535),
    initial: 7000,
    readBy: ['api'],
    means: 'its port; 0 is any free one, which the log tells',
  }),
  publicUrl: setting('public_url', {
    kind: WEB_ADDRESS,
    initial: null,
    initially: 'as each request says',
    readBy: ['api'],
    means:
      "where clients reach guts-api, when a proxy stands before it, with the path that it is served below, if any: for the links in its answers and the dashboard's addresses; with https the dashboard's cookie is sent by TLS alone",
    example: 'https://guts.example.org',
  }),
  tokenFile: setting('token_file', {
    kind: PATH,
    initial: ({ stateDir }) => join(stateDir, 'token'),
    initially: '`token` in `state_dir`',
    readBy: ['api'],
    secret: 'file',
    everywhere: true,
    means: 'the local token, which clients show; `guts` on this host reads it, too',
    example: '/etc/guts/token',
  }),
  policyFile: setting('policy_file', {
    kind: PATH,
    initial: null,
    readBy: ['api'],
    mustExist: true,
    means: 'YAML file of policy rules that differ from the built-in ones; see [operations.md](operations.md)',
    example: '/etc/guts/policy.yaml',
  }),
  dashboardDir: setting('dashboard_dir', {
    kind: PATH,
    initial: null,
    initially: '`dashboard` beside the program',
    readBy: ['api'],
    means: 'folder with the built dashboard, which guts-api serves at `/dashboard/`',
    example: '/usr/share/guts/dashboard',
  }),
  requestsPerMinute: setting('requests_per_minute', {
    kind: whole(),
    initial: 0,
    unit: 'requests',
    readBy: ['api'],
    means:
      'requests of one caller (user, or address without a token) per minute; more get 429. 0 is no limit',
  }),
  metricsOpen: setting('metrics_open', {
    kind: FLAG,
    initial: false,
    readBy: ['api'],
    means: '`/metrics` is told to the host of guts-api itself without a token, but not through a proxy on it',
  }),
};
