/** What the page that holds the app tells it: a block of data, so that no script of the page is needed. */
export interface Boot {
  /** `alone`: guts-api serves the page; `horizon`: a page of Horizon holds the app. */
  readonly mode: 'alone' | 'horizon';
  /** Path where the app's own routes begin; ends in a slash. */
  readonly base: string;
  /** Put before `/v1/…`. */
  readonly api: string;
  /** Horizon: the address of guts-api itself, put before `/v1/events/stream`; null: browsers have none. */
  readonly stream: string | null;
  readonly scope: 'project' | 'admin';
  /** Horizon's; alone it comes with the session. After another login the cookie has a new token, if scripts may read it. */
  readonly csrf: { readonly header: string; readonly token: string; readonly cookie?: string } | null;
  /** Where one logs in to Horizon; null: alone. */
  readonly login: string | null;
  readonly region: string | null;
  readonly user: string | null;
  readonly project: string | null;
}

const DEFAULTS: Boot = {
  mode: 'alone',
  base: '/dashboard/',
  api: '',
  stream: null,
  scope: 'project',
  csrf: null,
  login: null,
  region: null,
  user: null,
  project: null,
};

/** @throws Error when the block is there and is no boot configuration */
export function readBoot(text: string | null): Boot {
  if (text === null || text.trim() === '') return DEFAULTS;
  const given = JSON.parse(text) as Partial<Boot> | null;
  if (typeof given !== 'object' || given === null) throw new Error('guts-boot is no object');
  const boot = { ...DEFAULTS, ...given };
  if (boot.mode !== 'alone' && boot.mode !== 'horizon') throw new Error('guts-boot has no known mode');
  return { ...boot, base: boot.base.endsWith('/') ? boot.base : `${boot.base}/` };
}
