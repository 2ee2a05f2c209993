/**
 * Microversions of the API, oldest first, as OpenStack's services have them (api-sig, "Microversion
 * specification"): a client names one with each request and gets the shapes of that one. Additions that no client can
 * trip over (a new route, a new optional field of a request) need none. A published one never changes.
 */
export const API_VERSIONS = [
  { version: '1.0', change: 'The first.' },
  {
    version: '1.1',
    change:
      'Links of lists are absolute addresses, as clients of OpenStack expect them; before, they are paths below the host.',
  },
] as const satisfies readonly { readonly version: `1.${number}`; readonly change: string }[];
export type ApiVersion = (typeof API_VERSIONS)[number]['version'];

/** What a request gets that names none. */
export const MIN_VERSION: ApiVersion = '1.0';
export const MAX_VERSION: ApiVersion = '1.1';

/** The service type: in Keystone's catalog, and in the header. */
export const SERVICE_TYPE = 'migration';
/** Header of request and answer: `migration 1.1`; a request may also say `migration latest`. */
export const VERSION_HEADER = 'OpenStack-API-Version';

/** Whether a version has what another one brought. */
export function atLeast(version: ApiVersion, wanted: ApiVersion): boolean {
  return indexOf(version) >= indexOf(wanted);
}
const indexOf = (wanted: ApiVersion): number => API_VERSIONS.findIndex(({ version }) => version === wanted);
