import { oneOf, PATH, TEXT, WEB_ADDRESS, whole } from '../kinds.ts';
import { setting } from '../setting.ts';

/** A revoked token must not serve for longer. */
const TOKEN_CACHE_MOST = 60;

/** How guts-api knows who asks. */
export const callers = {
  auth: setting('auth', {
    kind: oneOf(['local', 'keystone']),
    initial: 'local',
    readBy: ['api'],
    means:
      'how callers are known: `local` (by the token of `token_file`, whose bearer may do everything) or `keystone`; see [keystone.md](keystone.md)',
  }),
  keystoneCloud: setting('keystone_cloud', {
    kind: TEXT,
    initial: null,
    readBy: ['api'],
    means: 'entry of clouds.yaml by which the service user of guts-api logs in at Keystone',
    example: 'guts',
  }),
  keystoneCloudsFile: setting('keystone_clouds_file', {
    kind: PATH,
    initial: null,
    initially: 'where openstacksdk looks',
    readBy: ['api'],
    secret: 'file',
    mustExist: true,
    means: 'that clouds.yaml',
    example: '/etc/guts/clouds.yaml',
  }),
  keystonePublicUrl: setting('keystone_public_url', {
    kind: WEB_ADDRESS,
    initial: null,
    initially: "the cloud's `auth_url`",
    readBy: ['api'],
    means: 'where clients reach Keystone: told to who has no token',
    example: 'https://keystone.example.org:5000/v3',
  }),
  tokenCacheSeconds: setting('token_cache_seconds', {
    kind: whole(0, TOKEN_CACHE_MOST),
    initial: TOKEN_CACHE_MOST,
    unit: 'seconds',
    readBy: ['api'],
    means:
      'how long what Keystone said of a token may be used again: so long may a token that was revoked still serve. 0: every request is asked about',
  }),
};
