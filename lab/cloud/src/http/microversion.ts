/** Microversion negotiation: `OpenStack-API-Version: compute 2.90` (API-SIG guideline "Microversion Specification"). */
import type { IncomingHttpHeaders } from 'node:http';
import { ApiError, badRequest } from './api-error.ts';
import type { Microversions } from './service.ts';

/** Minor part that applies to the request; 406 outside the range, 400 when it is no version. */
export function negotiate(headers: IncomingHttpHeaders, supported: Microversions): number {
  const wanted = requested(headers, supported);
  if (wanted === undefined) return supported.min;
  if (wanted === 'latest') return supported.max;
  const parts = /^(\d+)\.(\d+)$/.exec(wanted);
  if (!parts)
    throw badRequest(
      `API Version String ${wanted} is of invalid format. Must be of format MajorNum.MinorNum.`,
    );
  const [major, minor] = [Number(parts[1]), Number(parts[2])];
  if (major !== supported.major || minor < supported.min || minor > supported.max)
    throw new ApiError(
      406,
      `Version ${wanted} is not supported by the API. Minimum is ${supported.major}.${supported.min} and maximum is ${supported.major}.${supported.max}.`,
    );
  return minor;
}

function requested(headers: IncomingHttpHeaders, supported: Microversions): string | undefined {
  const standard = headers['openstack-api-version'];
  for (const entry of (Array.isArray(standard) ? standard.join(',') : (standard ?? '')).split(',')) {
    const [type, version] = entry.trim().split(/\s+/);
    if (type === supported.type && version !== undefined) return version;
  }
  const legacy = supported.legacyHeader && headers[supported.legacyHeader.toLowerCase()];
  return typeof legacy === 'string' && legacy !== '' ? legacy : undefined;
}

export function versionHeaders(supported: Microversions, minor: number): Record<string, string> {
  const version = `${supported.major}.${minor}`;
  const legacy = supported.legacyHeader;
  return {
    'OpenStack-API-Version': `${supported.type} ${version}`,
    Vary: ['OpenStack-API-Version', ...(legacy ? [legacy] : [])].join(', '),
    ...(legacy && { [legacy]: version }),
  };
}
